/*
 * A TLS 1.2 server with session IDs, for scripts/soak/run.mjs. OpenSSL alone decides which sessions live on.
 *
 *   gcc -O2 -o tls-server tls-server.c -lssl -lcrypto
 *   ./tls-server --port 24433 [--address 127.0.0.1] [--after-error shutdown|free] [--lifetime 300] [--cache 200000] [--ignore-eof]
 *
 * Standard output is a log of tab-separated lines, flushed each second:
 *
 *   end      time  client  how it ended (close_notify, eof, reset, error)  session ID  1 if the cache lost the session by that
 *   removed  time  why (expired, evicted, handshake)  session ID
 *
 * What OpenSSL 3.0 does to the session, as measured:
 *
 *   client's end             --after-error shutdown             --after-error free
 *   clean                    kept                               kept
 *   FIN, no close_notify     lost (fatal decode_error is sent)  lost (the same)
 *   RST, no close_notify     kept                               lost (SSL_free without a shutdown before)
 *
 * `shutdown` calls SSL_shutdown before SSL_free whatever happened, as s_server does; `free` only after close_notify. --ignore-eof sets
 * SSL_OP_IGNORE_UNEXPECTED_EOF: then FIN counts as close_notify, and with `shutdown` no session is lost.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BODY_BYTES 400
#define REQUEST_BYTES 2048
#define EVENTS 256
#define CLIENT_BYTES 32
#define CERTIFICATE_SECONDS (400L * 24 * 3600)

struct connection {
  int fd;
  SSL *ssl;
  int accepted;
  int answering;
  /* The session could be resumed when the client last said something: another connection may have lost it before. */
  int resumable;
  size_t got;
  char client[CLIENT_BYTES];
  char request[REQUEST_BYTES];
};

static volatile sig_atomic_t stopping;
static SSL_CTX *context;
/* Beyond a handshake, where what becomes of a session shows in the line of its connection. */
static int past_handshake;
static int shutdown_after_error = 1;
static char answer[1024];
static size_t answer_bytes;

static void die(const char *what) {
  fprintf(stderr, "tls-server: %s: %s\n", what, strerror(errno));
  ERR_print_errors_fp(stderr);
  exit(1);
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void stop(int signal) {
  (void)signal;
  stopping = 1;
}

static void print_id(const SSL_SESSION *session) {
  unsigned int length = 0;
  const unsigned char *id = session ? SSL_SESSION_get_id(session, &length) : NULL;
  if (length == 0) putchar('-');
  for (unsigned int i = 0; i < length; i++) printf("%02x", id[i]);
}

/* OpenSSL calls it whenever it takes a session out of the cache. */
static void on_removed(SSL_CTX *of, SSL_SESSION *session) {
  if (past_handshake) return;
  long age = (long)time(NULL) - SSL_SESSION_get_time(session);
  const char *why = "handshake";
  if (age >= SSL_SESSION_get_timeout(session)) why = "expired";
  else if (SSL_CTX_sess_number(of) + 1 >= SSL_CTX_sess_get_cache_size(of)) why = "evicted";
  printf("removed\t%.6f\t%s\t", now(), why);
  print_id(session);
  putchar('\n');
}

static void use_own_certificate(SSL_CTX *of) {
  EVP_PKEY *key = EVP_EC_gen("P-256");
  X509 *certificate = X509_new();
  if (!key || !certificate) die("key");
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate), CERTIFICATE_SECONDS);
  X509_set_pubkey(certificate, key);
  X509_NAME *name = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"localhost", -1, -1, 0);
  X509_set_issuer_name(certificate, name);
  if (!X509_sign(certificate, key, EVP_sha256())) die("certificate");
  if (SSL_CTX_use_certificate(of, certificate) != 1 || SSL_CTX_use_PrivateKey(of, key) != 1) die("certificate");
  X509_free(certificate);
  EVP_PKEY_free(key);
}

static SSL_CTX *make_context(long lifetime, long cache, int ignore_eof) {
  SSL_CTX *of = SSL_CTX_new(TLS_server_method());
  if (!of) die("SSL_CTX_new");
  SSL_CTX_set_min_proto_version(of, TLS1_2_VERSION);
  SSL_CTX_set_max_proto_version(of, TLS1_2_VERSION);
  SSL_CTX_set_options(of, SSL_OP_NO_TICKET | (ignore_eof ? SSL_OP_IGNORE_UNEXPECTED_EOF : 0));
  SSL_CTX_set_session_cache_mode(of, SSL_SESS_CACHE_SERVER);
  SSL_CTX_sess_set_cache_size(of, cache);
  SSL_CTX_set_timeout(of, lifetime);
  SSL_CTX_set_session_id_context(of, (const unsigned char *)"soak", 4);
  SSL_CTX_sess_set_remove_cb(of, on_removed);
  use_own_certificate(of);
  return of;
}

static int listen_on(const char *address, int port) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  int on = 1;
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  if (fd < 0 || inet_pton(AF_INET, address, &at.sin_addr) != 1) die(address);
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(fd, (struct sockaddr *)&at, sizeof at) < 0 || listen(fd, 4096) < 0) die("listen");
  return fd;
}

static void watch(int poll, struct connection *c, int operation, uint32_t events) {
  struct epoll_event event = {.events = events, .data.ptr = c};
  epoll_ctl(poll, operation, c->fd, &event);
}

static void accept_all(int poll, int listener) {
  for (;;) {
    struct sockaddr_in from;
    socklen_t length = sizeof from;
    int fd = accept4(listener, (struct sockaddr *)&from, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct connection *c = calloc(1, sizeof *c);
    char address[INET_ADDRSTRLEN];
    inet_ntop(AF_INET, &from.sin_addr, address, sizeof address);
    snprintf(c->client, sizeof c->client, "%s:%d", address, ntohs(from.sin_port));
    c->fd = fd;
    c->ssl = SSL_new(context);
    SSL_set_fd(c->ssl, fd);
    SSL_set_accept_state(c->ssl);
    watch(poll, c, EPOLL_CTL_ADD, EPOLLIN);
  }
}

static const char *how_it_ended(int error, int saved) {
  if (error == SSL_ERROR_ZERO_RETURN) return "close_notify";
  if (error == SSL_ERROR_SSL && ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING) return "eof";
  if (error == SSL_ERROR_SYSCALL && (saved == ECONNRESET || saved == EPIPE)) return "reset";
  return "error";
}

static void end(struct connection *c, int error, int saved) {
  const char *how = how_it_ended(error, saved);
  SSL_SESSION *session = SSL_get1_session(c->ssl);
  /* The fatal alert after an unexpected EOF has removed it already, inside SSL_read; SSL_free may do it too. */
  past_handshake = 1;
  if (shutdown_after_error || error == SSL_ERROR_ZERO_RETURN) SSL_shutdown(c->ssl);
  SSL_free(c->ssl);
  past_handshake = 0;
  close(c->fd);
  printf("end\t%.6f\t%s\t%s\t", now(), c->client, how);
  print_id(session);
  printf("\t%d\n", c->resumable && !SSL_SESSION_is_resumable(session));
  SSL_SESSION_free(session);
  free(c);
}

/* Does what can be done now, and waits for the rest. */
static void serve(int poll, struct connection *c) {
  ERR_clear_error();
  errno = 0;
  int result;
  for (;;) {
    if (!c->accepted) {
      result = SSL_do_handshake(c->ssl);
      if (result != 1) break;
      c->accepted = 1;
    } else if (c->answering) {
      result = SSL_write(c->ssl, answer, (int)answer_bytes);
      if (result <= 0) break;
      c->answering = 0;
      c->got = 0;
    } else {
      past_handshake = 1;
      c->resumable = SSL_SESSION_is_resumable(SSL_get_session(c->ssl));
      result = SSL_read(c->ssl, c->request + c->got, (int)(sizeof c->request - c->got));
      past_handshake = 0;
      if (result <= 0) break;
      c->got += (size_t)result;
      if (memmem(c->request, c->got, "\r\n\r\n", 4) || c->got == sizeof c->request) c->answering = 1;
    }
  }
  int saved = errno;
  int error = SSL_get_error(c->ssl, result);
  if (error == SSL_ERROR_WANT_READ) watch(poll, c, EPOLL_CTL_MOD, EPOLLIN);
  else if (error == SSL_ERROR_WANT_WRITE) watch(poll, c, EPOLL_CTL_MOD, EPOLLOUT);
  else end(c, error, saved);
}

int main(int argc, char **argv) {
  static const struct option options[] = {
    {"port", required_argument, NULL, 'p'},       {"address", required_argument, NULL, 'a'}, {"after-error", required_argument, NULL, 'e'},
    {"lifetime", required_argument, NULL, 'l'},   {"cache", required_argument, NULL, 'c'},   {"ignore-eof", no_argument, NULL, 'i'},
    {NULL, 0, NULL, 0},
  };
  const char *address = "127.0.0.1";
  int port = 0, ignore_eof = 0;
  long lifetime = 300, cache = 200000;
  for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
    if (option == 'p') port = atoi(optarg);
    else if (option == 'a') address = optarg;
    else if (option == 'e') shutdown_after_error = strcmp(optarg, "free") != 0;
    else if (option == 'l') lifetime = atol(optarg);
    else if (option == 'c') cache = atol(optarg);
    else if (option == 'i') ignore_eof = 1;
    else return 2;
  }
  if (port == 0) return fprintf(stderr, "tls-server: --port is missing\n"), 2;

  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGTERM, stop);
  signal(SIGINT, stop);
  static char output[1 << 16];
  setvbuf(stdout, output, _IOFBF, sizeof output);

  answer_bytes = (size_t)snprintf(answer, sizeof answer, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", BODY_BYTES);
  memset(answer + answer_bytes, 'x', BODY_BYTES);
  answer_bytes += BODY_BYTES;
  context = make_context(lifetime, cache, ignore_eof);
  int listener = listen_on(address, port);
  int poll = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
  epoll_ctl(poll, EPOLL_CTL_ADD, listener, &event);
  fprintf(stderr, "tls-server: listening on %s:%d\n", address, port);

  double flushed = now();
  while (!stopping) {
    struct epoll_event events[EVENTS];
    int count = epoll_wait(poll, events, EVENTS, 500);
    for (int i = 0; i < count; i++) {
      if (events[i].data.ptr) serve(poll, events[i].data.ptr);
      else accept_all(poll, listener);
    }
    if (now() - flushed >= 0.5) {
      fflush(stdout);
      flushed = now();
    }
  }
  return 0;
}
