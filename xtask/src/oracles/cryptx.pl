# libtomcrypt through CryptX. Without an argument it does jobs, each a line of direction, suite,
# key, IV, input and output with tabs in between. With `speed` it prints bytes per second.
use strict;
use warnings;
use Time::HiRes qw(clock);
use Crypt::Mode::CBC;
use Crypt::Mode::CTR;
use Crypt::Stream::RC4;
use Crypt::Stream::ChaCha;

$| = 1;
my %cipher = (
    'aes' => 'AES', 'aes-128' => 'AES', 'aes-192' => 'AES', 'aes-256' => 'AES',
    'rijndael' => 'AES', 'blowfish' => 'Blowfish', 'cast5' => 'CAST5', 'des' => 'DES',
    'idea' => 'IDEA', 'rc2' => 'RC2', 'tripledes' => 'DES_EDE', 'twofish' => 'Twofish',
);

sub slurp { my ($path) = @_; local $/; open(my $in, '<:raw', $path) or die "$path: $!"; return scalar(<$in>) // ''; }

sub stream {
    my ($suite, $key, $iv) = @_;
    return Crypt::Stream::RC4->new($key) if $suite eq 'rc4';
    return Crypt::Stream::ChaCha->new($key, $iv, $1 // 0) if $suite =~ /^chacha(?::counter=(\d+))?$/;
    return undef;
}

sub mode {
    my ($suite, $key) = @_;
    my ($name, $mode) = $suite =~ /^(.*)-(cbc|ctr)$/ or die "no such suite";
    # Two keys, of which the first is used again.
    ($name, $key) = ('tripledes', $key . substr($key, 0, 8)) if $name eq 'des-ede';
    my $cipher = $cipher{$name} or die "no such cipher";
    # 1: a big-endian counter as wide as the block; 1: the padding of PKCS 7.
    my $made = $mode eq 'ctr' ? Crypt::Mode::CTR->new($cipher, 1) : Crypt::Mode::CBC->new($cipher, 1);
    return ($made, $key);
}

sub crypted {
    my ($direction, $suite, $key, $iv, $data) = @_;
    my $stream = stream($suite, $key, $iv);
    return $stream->crypt($data) if $stream;
    (my $mode, $key) = mode($suite, $key);
    return $mode->$direction($data, $key, $iv);
}

# Begun anew for each megabyte, as ours is, and on as much memory.
sub megabyte {
    my ($direction, $suite, $key, $iv, $piece) = @_;
    my $stream = stream($suite, $key, $iv);
    if ($stream) { $stream->crypt($piece) for 1 .. 32; return }
    (my $mode, $key) = mode($suite, $key);
    my $start = "start_$direction";
    $mode->$start($key, $iv);
    $mode->add($piece) for 1 .. 32;
}

sub speed {
    my $piece = "\x5a" x (32 << 10);
    for my $row (@_) {
        my ($suite, $key, $iv) = split /:/, $row;
        my @with = ($suite, "\x01" x $key, "\x02" x $iv, $piece);
        for my $direction ('encrypt', 'decrypt') {
            my $best = 0;
            for my $try (1 .. 5) {
                my ($done, $begun) = (0, clock);
                while (clock() - $begun < 0.15) { megabyte($direction, @with); $done += 32 * length $piece }
                my $rate = $done / (clock() - $begun);
                $best = $rate if $rate > $best;
            }
            printf "%s %s %.0f\n", $row, $direction, $best;
        }
    }
}

if (@ARGV && $ARGV[0] eq 'speed') { shift; speed(@ARGV); exit }
while (my $line = <STDIN>) {
    chomp $line;
    my ($direction, $suite, $key, $iv, $input, $output) = split /\t/, $line, -1;
    my $done = eval {
        my $data = crypted($direction, $suite, pack('H*', $key), pack('H*', $iv), slurp($input));
        open(my $out, '>:raw', $output) or die "$output: $!";
        print $out $data;
        close $out or die;
        1;
    };
    my $why = $@; $why =~ s/\n/ /g;
    print $done ? "ok\n" : "error: $why\n";
}
