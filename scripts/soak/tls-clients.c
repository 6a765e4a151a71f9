/*
 * Many TLS 1.2 clients, each with a session of its own, for scripts/soak/run.mjs.
 *
 *   gcc -O2 -o tls-clients tls-clients.c -lssl -lcrypto -lpthread -lm
 *   ./tls-clients --server 127.0.0.1:24433 --server 127.0.0.1:24434 --rate 250 > truth.tsv
 *
 *   --server ADDR:PORT   several times: client i keeps to server i modulo their number
 *   --rate N|max         connections a second, all together
 *   --duration SECONDS   default: until SIGTERM or SIGINT
 *   --clients N          with a session each (1000)
 *   --slow SHARE         of the connections, made by a quarter of the clients, whose sessions so grow old (0.02)
 *   --sources N          addresses that clients come from: 127.1.0.1 and following; 0: the system chooses (100)
 *   --close LIST         shares of the closes, see below (clean=70,hasty=5,fin=10,finclose=5,rst=10)
 *   --hold SHARE         of the connections, left open before they are closed (0.01)
 *   --hold-seconds A-B   for how long (5-180)
 *   --seed N             of all choices (1)
 *   --threads N          (8)
 *
 * A close is one of
 *
 *   clean     close_notify, waits for the server's, close
 *   hasty     close_notify, close at once
 *   fin       FIN without close_notify, waits for the server's end
 *   finclose  FIN without close_notify, close at once: what the server still sends is answered by RST
 *   rst       RST without close_notify
 *
 * Standard output is the truth: one tab-separated line for each connection when it was closed, flushed each half second:
 *
 *   hello time  close time  server port  client  offered ID or -  1 if resumed  ID after or -  close
 *
 * `hello` is when the ClientHello was written, `close` when the end was. The close is `held-` and one of those above if the connection was
 * held, `server` if the server ended it first while held, `exit` if it was open when the program stopped, `failed` if there was no
 * handshake or no answer. IDs are those of the messages themselves.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SERVERS 16
#define ID_BYTES 32
#define WAIT_SECONDS 5
#define SLOW_FRACTION 4
#define BEHIND_SECONDS 1.0
#define SESSION_ID_OFFSET 38 /* of the length byte in both hellos */

enum kind { CLEAN, HASTY, FIN, FINCLOSE, RST, KINDS, BY_SERVER = KINDS, AT_EXIT, FAILED };
static const char *const names[] = {"clean", "hasty", "fin", "finclose", "rst", "server", "exit", "failed"};

struct id {
  unsigned char bytes[ID_BYTES];
  unsigned int length;
};

struct client {
  int server;
  struct in_addr source;
  SSL_SESSION *session;
};

struct connection {
  struct client *client;
  SSL *ssl;
  int fd;
  int reused;
  int held;
  enum kind kind;
  double hello, due;
  uint16_t port;
  struct id offered, after;
  struct connection *next;
};

struct worker {
  pthread_t thread;
  uint64_t random;
  struct client *clients;
  int count;
  struct connection *held;
};

static struct sockaddr_in servers[SERVERS];
static int server_count;
static double rate = 250, duration = 0, slow = 0.02, hold = 0.01, hold_least = 5, hold_most = 180;
static int client_count = 1000, thread_count = 8, source_count = 100;
static double shares[KINDS] = {70, 5, 10, 5, 10};
static uint64_t seed = 1;
static SSL_CTX *context;
static volatile sig_atomic_t stopping;

static void die(const char *what) {
  fprintf(stderr, "tls-clients: %s: %s\n", what, strerror(errno));
  exit(2);
}

static void stop(int signal) {
  (void)signal;
  stopping = 1;
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void sleep_for(double seconds) {
  if (seconds <= 0) return;
  struct timespec t = {(time_t)seconds, (long)((seconds - floor(seconds)) * 1e9)};
  nanosleep(&t, NULL);
}

/* splitmix64 (Vigna): a number from 0 to below 1. */
static double draw(struct worker *w) {
  uint64_t z = (w->random += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return (double)((z ^ (z >> 31)) >> 11) / 9007199254740992.0;
}

static enum kind draw_kind(struct worker *w) {
  double total = 0;
  for (int kind = 0; kind < KINDS; kind++) total += shares[kind];
  double at = draw(w) * total;
  for (int kind = 0; kind < KINDS - 1; kind++) {
    if (at < shares[kind]) return (enum kind)kind;
    at -= shares[kind];
  }
  return KINDS - 1;
}

/* The first three quarters of the clients are busy, the others slow. */
static struct client *draw_client(struct worker *w) {
  int lazy = w->count / SLOW_FRACTION;
  int busy = w->count - lazy;
  if (lazy > 0 && draw(w) < slow) return &w->clients[busy + (int)(draw(w) * lazy)];
  return &w->clients[(int)(draw(w) * busy)];
}

static void hex(char *to, const struct id *id) {
  if (id->length == 0) strcpy(to, "-");
  for (unsigned int i = 0; i < id->length; i++) sprintf(to + 2 * i, "%02x", id->bytes[i]);
}

static void tell(const struct connection *c, double closed, enum kind kind) {
  char offered[2 * ID_BYTES + 1], after[2 * ID_BYTES + 1], source[INET_ADDRSTRLEN] = "-";
  hex(offered, &c->offered);
  hex(after, &c->after);
  inet_ntop(AF_INET, &c->client->source, source, sizeof source);
  printf("%.6f\t%.6f\t%d\t%s:%d\t%s\t%d\t%s\t%s%s\n", c->hello, closed, ntohs(servers[c->client->server].sin_port), source, c->port, offered,
         c->reused, after, c->held && kind < KINDS ? "held-" : "", names[kind]);
}

/* Reads the session IDs from the hellos themselves. */
static void on_message(int sent, int version, int type, const void *bytes, size_t length, SSL *ssl, void *argument) {
  (void)version;
  (void)ssl;
  struct connection *c = argument;
  const unsigned char *message = bytes;
  if (type != SSL3_RT_HANDSHAKE || length <= SESSION_ID_OFFSET || message[0] != (sent ? SSL3_MT_CLIENT_HELLO : SSL3_MT_SERVER_HELLO)) return;
  struct id *id = sent ? &c->offered : &c->after;
  if (sent) c->hello = now();
  unsigned int bytes_of_id = message[SESSION_ID_OFFSET];
  if (bytes_of_id > ID_BYTES || SESSION_ID_OFFSET + 1 + bytes_of_id > length) return;
  id->length = bytes_of_id;
  memcpy(id->bytes, message + SESSION_ID_OFFSET + 1, bytes_of_id);
}

static int dial(struct connection *c) {
  int on = 1;
  struct timeval wait = {.tv_sec = WAIT_SECONDS};
  struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr = c->client->source};
  socklen_t length = sizeof own;
  c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (c->fd < 0) return 0;
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
  setsockopt(c->fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
  if (source_count > 0) {
    setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    if (bind(c->fd, (struct sockaddr *)&own, sizeof own) < 0) return 0;
  }
  const struct sockaddr_in *to = &servers[c->client->server];
  if (connect(c->fd, (const struct sockaddr *)to, sizeof *to) < 0) return 0;
  if (getsockname(c->fd, (struct sockaddr *)&own, &length) == 0) c->port = ntohs(own.sin_port);
  return 1;
}

/* One request, and its whole answer. */
static int ask(SSL *ssl) {
  static const char request[] = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
  char answer[4096];
  size_t got = 0;
  if (SSL_write(ssl, request, sizeof request - 1) <= 0) return 0;
  for (;;) {
    int result = SSL_read(ssl, answer + got, (int)(sizeof answer - 1 - got));
    if (result <= 0) return 0;
    got += (size_t)result;
    answer[got] = 0;
    char *body = strstr(answer, "\r\n\r\n");
    char *length = strcasestr(answer, "content-length:");
    if (body && length && length < body && got >= (size_t)(body + 4 - answer) + strtoul(length + 15, NULL, 10)) return 1;
    if (got == sizeof answer - 1) return 0;
  }
}

static void read_to_end(int fd) {
  char bytes[4096];
  while (recv(fd, bytes, sizeof bytes, 0) > 0);
}

/*
 * The session must stay offerable whatever the close: OpenSSL would bar a client from it when SSL_free finds no shutdown, or when SSL_read
 * finds an alert. So after a quiet shutdown the rest is read from the socket.
 */
static void finish(struct connection *c, enum kind kind) {
  struct linger none = {.l_onoff = 1, .l_linger = 0};
  ERR_clear_error();
  if (kind != CLEAN && kind != HASTY) SSL_set_quiet_shutdown(c->ssl, 1);
  double closed = now();
  SSL_shutdown(c->ssl);
  if (kind == CLEAN) SSL_shutdown(c->ssl);
  if (kind == FIN) {
    shutdown(c->fd, SHUT_WR);
    read_to_end(c->fd);
  }
  if (kind == RST) setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
  close(c->fd);
  SSL_free(c->ssl);
  tell(c, closed, kind);
  free(c);
}

static void hang_up(struct connection *c) {
  tell(c, now(), FAILED);
  if (c->ssl) SSL_free(c->ssl);
  if (c->fd >= 0) close(c->fd);
  free(c);
}

/* Closes those that were held long enough, or which the server ended. */
static void look_after(struct worker *w, double time) {
  for (struct connection **at = &w->held; *at;) {
    struct connection *c = *at;
    char byte;
    int ended = recv(c->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0;
    if (!ended && time < c->due) {
      at = &c->next;
      continue;
    }
    *at = c->next;
    if (!ended) finish(c, c->kind);
    else {
      SSL_shutdown(c->ssl);
      close(c->fd);
      SSL_set_quiet_shutdown(c->ssl, 1);
      SSL_shutdown(c->ssl);
      SSL_free(c->ssl);
      tell(c, now(), BY_SERVER);
      free(c);
    }
  }
}

static void converse(struct worker *w) {
  struct connection *c = calloc(1, sizeof *c);
  c->client = draw_client(w);
  c->kind = draw_kind(w);
  c->hello = now();
  int is_held = draw(w) < hold;
  double held_seconds = hold_least + draw(w) * (hold_most - hold_least);
  if (!dial(c)) {
    hang_up(c);
    return;
  }
  ERR_clear_error();
  c->ssl = SSL_new(context);
  SSL_set_fd(c->ssl, c->fd);
  SSL_set_msg_callback(c->ssl, on_message);
  SSL_set_msg_callback_arg(c->ssl, c);
  if (c->client->session) SSL_set_session(c->ssl, c->client->session);
  int connected = SSL_connect(c->ssl) == 1;
  if (connected) {
    c->reused = SSL_session_reused(c->ssl);
    SSL_SESSION_free(c->client->session);
    c->client->session = SSL_get1_session(c->ssl);
  }
  if (!connected || !ask(c->ssl)) {
    hang_up(c);
    return;
  }
  if (!is_held) {
    finish(c, c->kind);
    return;
  }
  c->held = 1;
  c->due = now() + held_seconds;
  c->next = w->held;
  w->held = c;
}

static void *work(void *argument) {
  struct worker *w = argument;
  double begin = now();
  double next = begin;
  double looked = begin;
  while (!stopping) {
    double time = now();
    if (duration > 0 && time - begin >= duration) break;
    if (time - looked >= 0.1) {
      look_after(w, time);
      looked = time;
    }
    if (rate > 0) {
      if (next > time) {
        sleep_for(next - time < 0.1 ? next - time : 0.1);
        continue;
      }
      if (time - next > BEHIND_SECONDS) next = time;
      next -= log(1 - draw(w)) * thread_count / rate;
    }
    converse(w);
  }
  for (struct connection *c = w->held; c; c = c->next) tell(c, now(), AT_EXIT);
  return NULL;
}

static void *flush_often(void *argument) {
  (void)argument;
  for (;;) {
    sleep_for(0.5);
    fflush(stdout);
  }
  return NULL;
}

static void read_shares(char *list) {
  for (int kind = 0; kind < KINDS; kind++) shares[kind] = 0;
  for (char *item = strtok(list, ","); item; item = strtok(NULL, ",")) {
    char *value = strchr(item, '=');
    if (!value) die(item);
    *value++ = 0;
    int kind = 0;
    while (kind < KINDS && strcmp(names[kind], item) != 0) kind++;
    if (kind == KINDS) die(item);
    shares[kind] = atof(value);
  }
}

static void add_server(char *text) {
  char *port = strrchr(text, ':');
  if (!port || server_count == SERVERS) die(text);
  *port++ = 0;
  servers[server_count].sin_family = AF_INET;
  servers[server_count].sin_port = htons((uint16_t)atoi(port));
  if (inet_pton(AF_INET, text, &servers[server_count++].sin_addr) != 1) die(text);
}

static void read_options(int argc, char **argv) {
  static const struct option options[] = {
    {"server", required_argument, NULL, 's'},  {"rate", required_argument, NULL, 'r'},    {"duration", required_argument, NULL, 'd'},
    {"clients", required_argument, NULL, 'n'}, {"slow", required_argument, NULL, 'l'},    {"sources", required_argument, NULL, 'a'},
    {"close", required_argument, NULL, 'c'},   {"hold", required_argument, NULL, 'h'},    {"hold-seconds", required_argument, NULL, 'H'},
    {"seed", required_argument, NULL, 'S'},    {"threads", required_argument, NULL, 't'}, {NULL, 0, NULL, 0},
  };
  for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
    switch (option) {
      case 's': add_server(optarg); break;
      case 'r': rate = strcmp(optarg, "max") == 0 ? 0 : atof(optarg); break;
      case 'd': duration = atof(optarg); break;
      case 'n': client_count = atoi(optarg); break;
      case 'l': slow = atof(optarg); break;
      case 'a': source_count = atoi(optarg); break;
      case 'c': read_shares(optarg); break;
      case 'h': hold = atof(optarg); break;
      case 'H': if (sscanf(optarg, "%lf-%lf", &hold_least, &hold_most) != 2) die(optarg); break;
      case 'S': seed = strtoull(optarg, NULL, 10); break;
      case 't': thread_count = atoi(optarg); break;
      default: exit(2);
    }
  }
  if (server_count == 0) die("--server is missing");
  if (thread_count < 1 || client_count < thread_count) die("--clients must not be below --threads, nor these below 1");
}

static void make_context(void) {
  context = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
  SSL_CTX_set_cipher_list(context, "ECDHE-ECDSA-AES128-GCM-SHA256");
}

int main(int argc, char **argv) {
  read_options(argc, argv);
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGTERM, stop);
  signal(SIGINT, stop);
  static char output[1 << 16];
  setvbuf(stdout, output, _IOFBF, sizeof output);
  make_context();

  struct client *clients = calloc((size_t)client_count, sizeof *clients);
  struct worker *workers = calloc((size_t)thread_count, sizeof *workers);
  int given = 0;
  for (int i = 0; i < thread_count; i++) {
    struct worker *w = &workers[i];
    w->random = seed * 1000003 + (uint64_t)i;
    w->clients = clients + given;
    w->count = (client_count - given) / (thread_count - i);
    for (int k = 0; k < w->count; k++) {
      w->clients[k].server = (given + k) % server_count;
      if (source_count > 0) w->clients[k].source.s_addr = htonl(0x7f010001u + (uint32_t)((given + k) % source_count));
    }
    given += w->count;
  }
  pthread_t flusher;
  pthread_create(&flusher, NULL, flush_often, NULL);
  for (int i = 0; i < thread_count; i++) pthread_create(&workers[i].thread, NULL, work, &workers[i]);
  for (int i = 0; i < thread_count; i++) pthread_join(workers[i].thread, NULL);
  fflush(stdout);
  return 0;
}
