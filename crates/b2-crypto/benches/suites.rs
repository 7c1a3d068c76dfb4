//! The suites and the format in criterion. `cargo xtask bench crypto` compares with others.
#![allow(clippy::expect_used, reason = "a benchmark of what does not work should stop")]
#![allow(missing_docs, reason = "criterion's macros document nothing")]

use std::hint::black_box;

use b2_crypto::legacy::Suite;
use b2_crypto::{
    Aead, Header, Limits, NewFile, NoRandomness, RawKey, Recipient, SealOptions, Unlock,
};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

const LEN: usize = 1 << 20;

fn random(bytes: &mut [u8]) -> Result<(), NoRandomness> {
    bytes.fill(7);
    Ok(())
}

fn suites(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("suites");
    group.throughput(Throughput::Bytes(LEN as u64)).sample_size(10);
    for name in Suite::names() {
        let suite = Suite::from_name(name).expect("a listed name is known");
        let (key, iv) = (vec![1; suite.key_len()], vec![2; suite.iv_len()]);
        let (content, mut output) = (vec![0x5a; LEN], vec![0; LEN]);
        group.bench_function(format!("{name}/encrypt"), |bencher| {
            bencher.iter(|| {
                let mut encryptor = suite.encryptor(&key, &iv).expect("the lengths fit");
                black_box(encryptor.update_into(&content, &mut output))
            });
        });
        group.bench_function(format!("{name}/decrypt"), |bencher| {
            bencher.iter(|| {
                let mut decryptor = suite.decryptor(&key, &iv).expect("the lengths fit");
                black_box(decryptor.update_into(&content, &mut output))
            });
        });
    }
    group.finish();
}

fn format(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("format");
    group.throughput(Throughput::Bytes(LEN as u64)).sample_size(10);
    for aead in [Aead::Aes256Gcm, Aead::XChaCha20Poly1305] {
        let options = SealOptions::default().with_aead(aead).with_frame_size(64 << 10);
        let recipients = [Recipient::raw_key(RawKey::new([1; 32]))];
        let begin = || {
            let file = NewFile::new(&recipients, &options, None, &mut random);
            file.expect("the options are in range").encryptor()
        };
        let mut encryptor = begin();
        let (content, mut sealed) = (vec![0x5a; LEN], Vec::new());
        group.bench_function(format!("{aead:?}/encrypt"), |bencher| {
            bencher.iter(|| {
                sealed.clear();
                black_box(encryptor.update(&content, &mut sealed))
            });
        });
        let unlock = Unlock::RawKey(RawKey::new([1; 32]));
        let (mut encryptor, mut whole, mut content) = (begin(), Vec::new(), Vec::new());
        let header = Header::parse(encryptor.header()).expect("it was just made");
        let opened = header.unlock(&unlock, &Limits::default()).expect("it is the key");
        encryptor.update(&vec![0x5a; LEN], &mut whole).expect("it is not too long");
        encryptor.finish(&mut whole).expect("it is not too long");
        group.bench_function(format!("{aead:?}/decrypt"), |bencher| {
            bencher.iter(|| {
                content.clear();
                let mut decryptor = opened.decryptor();
                decryptor.update(&whole, &mut content).expect("it is genuine");
                black_box(decryptor.finish(&mut content))
            });
        });
    }
    group.finish();
}

criterion_group!(benches, suites, format);
criterion_main!(benches);
