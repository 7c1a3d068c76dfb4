// What .NET has, in Mono: RC2 with effective bits, paddings, Rijndael with other blocks, and keys
// from passwords.
//
// Each line of standard input is a job: direction, suite, key, IV, input and output, with tabs in
// between. Each is answered with a line. With `derive`, a rule, hash, password and salt in
// hexadecimal, iterations and length as arguments, a key is printed instead.
using System;
using System.Collections.Generic;
using System.IO;
using System.Security.Cryptography;

// RC2CryptoServiceProvider has as many effective bits as the key and no others, but the transform
// behind it asks for them.
class Rc2 : RC2 {
    readonly int bits;

    public Rc2(int bits) { this.bits = bits; }

    public override int EffectiveKeySize { get { return bits; } set { } }
    public override void GenerateKey() { throw new NotSupportedException(); }
    public override void GenerateIV() { throw new NotSupportedException(); }

    ICryptoTransform Transform(bool encrypt, byte[] key, byte[] iv) {
        var type = typeof(RC2).Assembly.GetType("System.Security.Cryptography.RC2Transform", true);
        return (ICryptoTransform) Activator.CreateInstance(type, this, encrypt, key, iv);
    }

    public override ICryptoTransform CreateEncryptor(byte[] key, byte[] iv) {
        return Transform(true, key, iv);
    }

    public override ICryptoTransform CreateDecryptor(byte[] key, byte[] iv) {
        return Transform(false, key, iv);
    }
}

static class Oracle {
    static byte[] Bytes(string hex) {
        var bytes = new byte[hex.Length / 2];
        for (int at = 0; at < bytes.Length; at++) {
            bytes[at] = Convert.ToByte(hex.Substring(2 * at, 2), 16);
        }
        return bytes;
    }

    static string Option(string suite, string name) {
        int colon = suite.IndexOf(':');
        if (colon < 0) return null;
        foreach (var option in suite.Substring(colon + 1).Split(',')) {
            if (option.StartsWith(name + "=")) return option.Substring(name.Length + 1);
        }
        return null;
    }

    static SymmetricAlgorithm Cipher(string suite) {
        switch (suite.Split(':')[0]) {
            case "rc2-cbc": return new Rc2(int.Parse(Option(suite, "bits")));
            case "aes-256-cbc": return new RijndaelManaged { BlockSize = 128 };
            case "rijndael-192-cbc": return new RijndaelManaged { BlockSize = 192 };
            case "rijndael-256-cbc": return new RijndaelManaged { BlockSize = 256 };
            case "tripledes-cbc": return new TripleDESCryptoServiceProvider();
            default: throw new ArgumentException("no such suite");
        }
    }

    static PaddingMode Padding(string name) {
        switch (name) {
            case null: return PaddingMode.PKCS7;
            case "ansi-x923": return PaddingMode.ANSIX923;
            case "zeros": return PaddingMode.Zeros;
            case "iso-10126": return PaddingMode.ISO10126;
            default: throw new ArgumentException("no such padding");
        }
    }

    static byte[] Crypted(string direction, string suite, byte[] key, byte[] iv, byte[] data) {
        using (var cipher = Cipher(suite)) {
            cipher.Mode = CipherMode.CBC;
            cipher.Padding = Padding(Option(suite, "padding"));
            cipher.Key = key;
            cipher.IV = iv;
            bool encrypt = direction == "encrypt";
            using (var made = encrypt ? cipher.CreateEncryptor() : cipher.CreateDecryptor()) {
                data = made.TransformFinalBlock(data, 0, data.Length);
            }
            if (!encrypt && cipher.Padding == PaddingMode.Zeros) {
                // It leaves them where they are.
                Array.Resize(ref data, 1 + Array.FindLastIndex(data, one => one != 0));
            }
            return data;
        }
    }

    static byte[] Derived(string rule, string hash, byte[] password, byte[] salt, int times, int length) {
        if (rule.StartsWith("dotnet:")) {
            // So many bytes first, and the others behind them.
            int first = int.Parse(rule.Substring("dotnet:".Length));
            var both = new PasswordDeriveBytes(password, salt, hash.ToUpper(), times);
            var bytes = new List<byte>(both.GetBytes(first));
            bytes.AddRange(both.GetBytes(length - first));
            return bytes.ToArray();
        }
        switch (rule) {
            case "dotnet":
                return new PasswordDeriveBytes(password, salt, hash.ToUpper(), times).GetBytes(length);
            case "crypt-derive-key":
                return new PasswordDeriveBytes(password, salt, hash.ToUpper(), times)
                    .CryptDeriveKey("TripleDES", hash.ToUpper(), 8 * length, new byte[8]);
            case "pbkdf2":
                var name = new HashAlgorithmName(hash.ToUpper());
                return new Rfc2898DeriveBytes(password, salt, times, name).GetBytes(length);
            default: throw new ArgumentException("no such rule");
        }
    }

    static void Main(string[] words) {
        if (words.Length == 7 && words[0] == "derive") {
            var key = Derived(words[1], words[2], Bytes(words[3]), Bytes(words[4]),
                int.Parse(words[5]), int.Parse(words[6]));
            Console.WriteLine(BitConverter.ToString(key).Replace("-", "").ToLower());
            return;
        }
        string line;
        while ((line = Console.ReadLine()) != null) {
            var job = line.Split('\t');
            try {
                var data = File.ReadAllBytes(job[4]);
                File.WriteAllBytes(job[5], Crypted(job[0], job[1], Bytes(job[2]), Bytes(job[3]), data));
                Console.WriteLine("ok");
            } catch (Exception error) {
                Console.WriteLine("error: " + error.Message.Replace('\n', ' '));
            }
        }
    }
}
