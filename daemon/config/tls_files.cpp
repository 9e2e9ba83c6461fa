#include "daemon/config/tls_files.h"

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>

namespace wgospf::daemon {

namespace {

template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Bio = std::unique_ptr<BIO, Freed<BIO_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;

/// Nobody is there to be asked for a passphrase.
int no_passphrase(char*, int, int, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

Certificate read_certificate(const std::string& file) {
  const Bio bio(BIO_new_file(file.c_str(), "r"));
  return Certificate(bio ? PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr) : nullptr);
}

}  // namespace

std::optional<TlsProblem> problem_of_tls(const ApiTls& tls) {
  const auto certificate = read_certificate(tls.certificate);
  if (!certificate)
    return TlsProblem{"certificate",
                      fmt::format("{} holds no certificate that can be read", tls.certificate)};
  const Bio bio(BIO_new_file(tls.key.c_str(), "r"));
  bool asked = false;
  const Key key(bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, &asked) : nullptr);
  ERR_clear_error();
  if (!key && asked)
    return TlsProblem{"key", fmt::format("{} has a passphrase, which nobody could enter; remove it with "
                                         "\"openssl pkey\"",
                                         tls.key)};
  if (!key) return TlsProblem{"key", fmt::format("{} holds no private key that can be read", tls.key)};
  const bool fits = X509_check_private_key(certificate.get(), key.get()) == 1;
  ERR_clear_error();
  if (!fits) {
    return TlsProblem{"key", fmt::format("{} is not the key of the certificate {}; name the two that belong "
                                         "together",
                                         tls.key, tls.certificate)};
  }
  if (!tls.client_ca.empty() && !read_certificate(tls.client_ca)) {
    ERR_clear_error();
    return TlsProblem{"client-ca", fmt::format("{} holds no certificate that can be read", tls.client_ca)};
  }
  return std::nullopt;
}

}  // namespace wgospf::daemon
