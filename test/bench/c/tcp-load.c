// TCP load (RFC 7766): connections that each keep a number of queries on their way, all that fit written at
// once (6.2.1.1); or, with 0, a connection for each query, reset after its answer lest ports run out.
//
//     tcp-load PORT QUERIES SECONDS CONNECTIONS OUTSTANDING RCODE
//
// Prints one line of JSON, as udp-load. `lost` counts connections that failed.
#include "queries.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define MOST_CONNECTIONS 1024
#define MOST_OUTSTANDING 64
#define EVENTS 256

struct connection {
  int fd, open;
  unsigned held;          // octets of answers not yet complete
  uint8_t octets[65536 + 2];
};

static struct connection *connections;
static struct sockaddr_in server = {.sin_family = AF_INET};
static int poller, outstanding, rcode;
static uint64_t sent, received, lost, wrong, octets;

static void watch(struct connection *c, int change, uint32_t events) {
  struct epoll_event event = {.events = events, .data.ptr = c};
  epoll_ctl(poller, change, c->fd, &event);
}

static void begin(struct connection *c) {
  struct linger reset = {1, 0};
  int on = 1;
  c->open = c->held = 0;
  c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (connect(c->fd, (void *)&server, sizeof server) && errno != EINPROGRESS) fail("connect");
  watch(c, EPOLL_CTL_ADD, EPOLLOUT);
}

static void begin_again(struct connection *c) {
  close(c->fd);
  begin(c);
}

// Writes queries until `outstanding` are on their way, with one call.
static int fill(struct connection *c) {
  static uint8_t frame[MOST_OUTSTANDING * 514];
  unsigned size = 0;
  for (int want = outstanding ? outstanding : 1; c->open < want; c->open++, sent++) {
    const struct query *query = next_query();
    frame[size] = query->length >> 8;
    frame[size + 1] = query->length;
    memcpy(frame + size + 2, query->octets, query->length);
    size += 2 + query->length;
  }
  return size == 0 || send(c->fd, frame, size, MSG_NOSIGNAL) == size;
}

// Counts complete answers and moves the rest to the front; returns how many there were.
static int take_answers(struct connection *c) {
  unsigned at = 0;
  int count = 0;
  while (at + 14 <= c->held) {
    unsigned length = c->octets[at] << 8 | c->octets[at + 1];
    if (at + 2 + length > c->held) break;
    if ((c->octets[at + 5] & 15) != rcode) wrong++;
    octets += length;
    at += 2 + length;
    count++;
  }
  memmove(c->octets, c->octets + at, c->held -= at);
  c->open -= count;
  received += count;
  return count;
}

static void turn(struct connection *c, uint32_t events) {
  if (events & (EPOLLERR | EPOLLHUP)) return lost++, begin_again(c);
  if (events & EPOLLOUT) { // connected
    if (!fill(c)) return lost++, begin_again(c);
    return watch(c, EPOLL_CTL_MOD, EPOLLIN);
  }
  ssize_t got = recv(c->fd, c->octets + c->held, sizeof c->octets - c->held, 0);
  if (got <= 0) return lost++, begin_again(c);
  c->held += got;
  int count = take_answers(c);
  if (count && !outstanding) begin_again(c);
  else if (count && c->open <= outstanding / 2 && !fill(c)) lost++, begin_again(c);
}

int main(int count, char **arg) {
  if (count != 7) return fprintf(stderr, "usage: tcp-load PORT QUERIES SECONDS CONNECTIONS OUTSTANDING RCODE\n"), 2;
  load_queries(arg[2]);
  server.sin_port = htons(atoi(arg[1]));
  server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  uint64_t length = atof(arg[3]) * 1e9;
  int wanted = atoi(arg[4]);
  outstanding = atoi(arg[5]) < MOST_OUTSTANDING ? atoi(arg[5]) : MOST_OUTSTANDING;
  rcode = atoi(arg[6]);
  if (wanted > MOST_CONNECTIONS) wanted = MOST_CONNECTIONS;
  poller = epoll_create1(0);
  connections = calloc(wanted, sizeof *connections);
  for (int i = 0; i < wanted; i++) begin(&connections[i]);
  struct epoll_event events[EVENTS];
  uint64_t start = now();
  while (now() - start < length) {
    int ready = epoll_wait(poller, events, EVENTS, 100);
    for (int i = 0; i < ready; i++) turn(events[i].data.ptr, events[i].events);
  }
  printf("{\"sent\":%lu,\"answered\":%lu,\"lost\":%lu,\"wrong\":%lu,\"rate\":%.0f,\"octets\":%.1f,\"cpu\":%.4f}\n",
         sent, received, lost, wrong, received / (length * 1e-9), received ? (double)octets / received : 0, own_cpu());
}
