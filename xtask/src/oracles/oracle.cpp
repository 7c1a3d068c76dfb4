// Crypto++: TEA, which no other library of Debian's has, RC2 with more effective bits than the key
// has, Blowfish with the shortest keys, and XSalsa20 from another block on.
//
// Each line of standard input is a job: direction, suite, key, IV, input and output, with tabs in
// between. Each is answered with a line.
#include <cryptopp/blowfish.h>
#include <cryptopp/modes.h>
#include <cryptopp/rc2.h>
#include <cryptopp/salsa.h>
#include <cryptopp/tea.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

using namespace CryptoPP;
using Bytes = std::vector<CryptoPP::byte>;

static Bytes bytes(const std::string &hex) {
    Bytes bytes;
    for (size_t at = 0; at + 1 < hex.size(); at += 2) {
        bytes.push_back(static_cast<CryptoPP::byte>(std::stoi(hex.substr(at, 2), nullptr, 16)));
    }
    return bytes;
}

// It knows big-endian words only. To read them the other way is to turn each around.
static void turned(Bytes &bytes) {
    for (size_t at = 0; at + 4 <= bytes.size(); at += 4) {
        std::reverse(bytes.begin() + at, bytes.begin() + at + 4);
    }
}

static void pad(Bytes &data) {
    size_t missing = 8 - data.size() % 8;
    data.insert(data.end(), missing, static_cast<CryptoPP::byte>(missing));
}

static void strip(Bytes &data) {
    size_t count = data.empty() ? 0 : data.back();
    bool right = count >= 1 && count <= 8 && count <= data.size();
    for (size_t at = 1; right && at <= count; at++) right = data[data.size() - at] == count;
    if (!right) throw std::runtime_error("wrong padding");
    data.resize(data.size() - count);
}

template <class Mode>
static void work(Mode &&mode, const Bytes &key, const NameValuePairs &options, Bytes &data) {
    mode.SetKey(key.data(), key.size(), options);
    mode.ProcessData(data.data(), data.data(), data.size());
}

static Bytes crypted(bool encrypt, const std::string &suite, Bytes key, Bytes iv, Bytes data) {
    auto has = [&](const char *word) { return suite.find(word) != std::string::npos; };
    if (has("xsalsa20:counter=")) {
        XSalsa20::Encryption stream;
        stream.SetKeyWithIV(key.data(), key.size(), iv.data(), iv.size());
        stream.Seek(64 * std::stoul(suite.substr(suite.find('=') + 1)));
        stream.ProcessData(data.data(), data.data(), data.size());
        return data;
    }
    bool little = has("little"), chained = has("-cbc");
    if (chained && encrypt) pad(data);
    if (little) for (auto bytes : {&key, &iv, &data}) turned(*bytes);
    ConstByteArrayParameter first(iv.data(), iv.size(), false);
    auto with = MakeParameters(Name::IV(), first);
    if (has("tea")) {
        with(Name::Rounds(), has("cycles=16") ? 16 : 32);
        if (!chained) work(CTR_Mode<TEA>::Encryption(), key, with, data);
        else if (encrypt) work(CBC_Mode<TEA>::Encryption(), key, with, data);
        else work(CBC_Mode<TEA>::Decryption(), key, with, data);
    } else if (has("rc2-cbc:bits=")) {
        with(Name::EffectiveKeyLength(), std::stoi(suite.substr(suite.find('=') + 1)));
        if (encrypt) work(CBC_Mode<RC2>::Encryption(), key, with, data);
        else work(CBC_Mode<RC2>::Decryption(), key, with, data);
    } else if (has("blowfish-cbc")) {
        if (encrypt) work(CBC_Mode<Blowfish>::Encryption(), key, with, data);
        else work(CBC_Mode<Blowfish>::Decryption(), key, with, data);
    } else {
        throw std::runtime_error("no such suite");
    }
    if (little) turned(data);
    if (chained && !encrypt) strip(data);
    return data;
}

static void job(const std::string &line) {
    std::vector<std::string> words;
    std::istringstream fields(line);
    for (std::string word; std::getline(fields, word, '\t');) words.push_back(word);
    if (words.size() != 6) throw std::runtime_error("six words are expected");
    std::ifstream source(words[4], std::ios::binary);
    if (!source) throw std::runtime_error("cannot read " + words[4]);
    Bytes data((std::istreambuf_iterator<char>(source)), std::istreambuf_iterator<char>());
    data = crypted(words[0] == "encrypt", words[1], bytes(words[2]), bytes(words[3]), data);
    std::ofstream target(words[5], std::ios::binary | std::ios::trunc);
    target.write(reinterpret_cast<const char *>(data.data()), static_cast<std::streamsize>(data.size()));
    target.close();
    if (!target) throw std::runtime_error("cannot write " + words[5]);
}

int main() {
    for (std::string line; std::getline(std::cin, line);) {
        try {
            job(line);
            std::cout << "ok" << std::endl;
        } catch (const std::exception &error) {
            std::cout << "error: " << error.what() << std::endl;
        }
    }
}
