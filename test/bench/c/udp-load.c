// UDP load: many sockets, each with a window of unanswered queries, in batches of system calls so that one
// processor can keep a fast server busy. With a rate it sends by the clock instead, whether answers come or
// not, and what it prints of latency then means something.
//
//     udp-load PORT QUERIES SECONDS SOCKETS WINDOW RATE RCODE      RATE 0: as fast as the window allows
//
// Prints one line of JSON. `wrong` counts answers whose RCODE is another or that are truncated.
#include "queries.h"
#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>

#define BATCH 32
#define MOST_SOCKETS 256
#define GIVE_UP 500000000ull // ns after which a query counts as lost
#define MICROS 1000000       // buckets of the latency histogram, 1 us each; the last holds all beyond

struct socket {
  int fd, open;
  uint16_t next_id;
  uint64_t sent_at[65536]; // by message ID; 0: not waited for
};

static struct socket *sockets;
static int socket_count, rcode;
static uint64_t sent, received, lost, wrong, octets, latency_sum;
static uint32_t histogram[MICROS];

static struct mmsghdr rx[BATCH], tx[BATCH];
static struct iovec rx_vector[BATCH], tx_vector[BATCH];
static uint8_t rx_octets[BATCH][4096], tx_octets[BATCH][512];

static void lay_out(void) {
  for (int i = 0; i < BATCH; i++) {
    rx_vector[i] = (struct iovec){rx_octets[i], sizeof rx_octets[i]};
    rx[i].msg_hdr.msg_iov = &rx_vector[i];
    tx_vector[i].iov_base = tx_octets[i];
    tx[i].msg_hdr.msg_iov = &tx_vector[i];
    rx[i].msg_hdr.msg_iovlen = tx[i].msg_hdr.msg_iovlen = 1;
  }
}

static void open_sockets(int port) {
  struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int room = 4 << 20;
  sockets = calloc(socket_count, sizeof *sockets);
  for (int i = 0; i < socket_count; i++) {
    int fd = sockets[i].fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    if (connect(fd, (void *)&server, sizeof server)) fail("connect");
  }
}

static void take_answer(struct socket *s, const uint8_t *answer, unsigned length, uint64_t at) {
  uint16_t id = answer[0] << 8 | answer[1];
  if (length < 12 || !(answer[2] & 0x80) || !s->sent_at[id]) return; // too late, or not ours
  uint64_t latency = at - s->sent_at[id], micros = latency / 1000;
  histogram[micros < MICROS ? micros : MICROS - 1]++;
  latency_sum += latency;
  s->sent_at[id] = 0;
  s->open--;
  received++;
  octets += length;
  if ((answer[3] & 15) != rcode || answer[2] & 2) wrong++;
}

static int receive(struct socket *s) {
  int count = recvmmsg(s->fd, rx, BATCH, 0, 0);
  uint64_t at = now();
  for (int i = 0; i < count; i++) take_answer(s, rx_octets[i], rx[i].msg_len, at);
  return count > 0;
}

static int send_some(struct socket *s, int count) {
  uint64_t at = now();
  int filled = 0;
  for (int i = 0; i < count; i++) {
    uint16_t id = s->next_id++;
    if (s->sent_at[id]) continue; // still waited for: 65,536 queries ago
    const struct query *query = next_query();
    memcpy(tx_octets[filled], query->octets, query->length);
    tx_octets[filled][0] = id >> 8;
    tx_octets[filled][1] = id;
    tx_vector[filled++].iov_len = query->length;
    s->sent_at[id] = at;
  }
  int done = filled ? sendmmsg(s->fd, tx, filled, 0) : 0;
  if (done < 0) done = 0;
  for (int i = done; i < filled; i++) s->sent_at[tx_octets[i][0] << 8 | tx_octets[i][1]] = 0;
  s->open += done;
  sent += done;
  return done;
}

static void give_up(uint64_t at) {
  for (int k = 0; k < socket_count; k++)
    for (int id = 0; id < 65536; id++)
      if (sockets[k].sent_at[id] && at - sockets[k].sent_at[id] > GIVE_UP) sockets[k].sent_at[id] = 0, sockets[k].open--, lost++;
}

static int waited_for(void) {
  int open = 0;
  for (int k = 0; k < socket_count; k++) open += sockets[k].open;
  return open;
}

static void rest(void) {
  struct pollfd fds[MOST_SOCKETS];
  for (int k = 0; k < socket_count; k++) fds[k] = (struct pollfd){sockets[k].fd, POLLIN, 0};
  poll(fds, socket_count, 5);
}

// Queries that socket `s` may send now: what the clock asks for, or half a window at a time, as single ones cost too much.
static int room_of(struct socket *s, int window, double rate, uint64_t elapsed) {
  int64_t room = rate > 0 ? (int64_t)(elapsed * 1e-9 * rate) - (int64_t)sent : window - s->open;
  if (rate == 0 && room < (window + 1) / 2) return 0;
  return room < 0 ? 0 : room > BATCH ? BATCH : room;
}

static double percentile(double share) {
  uint64_t want = received * share, seen = 0;
  for (int i = 0; i < MICROS; i++)
    if ((seen += histogram[i]) > want) return i;
  return 0;
}

int main(int count, char **arg) {
  if (count != 8) return fprintf(stderr, "usage: udp-load PORT QUERIES SECONDS SOCKETS WINDOW RATE RCODE\n"), 2;
  load_queries(arg[2]);
  uint64_t length = atof(arg[3]) * 1e9;
  int window = atoi(arg[5]);
  double rate = atof(arg[6]);
  socket_count = atoi(arg[4]) < MOST_SOCKETS ? atoi(arg[4]) : MOST_SOCKETS;
  rcode = atoi(arg[7]);
  lay_out();
  open_sockets(atoi(arg[1]));
  uint64_t start = now(), checked = start, at = start;
  for (; at - start < length + GIVE_UP && (at - start < length || waited_for()); at = now()) {
    int busy = rate > 0 && at - start < length;
    for (int k = 0; k < socket_count; k++) {
      if (sockets[k].open) busy |= receive(&sockets[k]);
      int room = at - start < length ? room_of(&sockets[k], window, rate, now() - start) : 0;
      if (room) busy |= send_some(&sockets[k], room) > 0;
    }
    if (at - checked > GIVE_UP / 2) give_up(checked = now()); // later than every sending so far
    if (!busy) rest();
  }
  lost += waited_for();
  printf("{\"sent\":%lu,\"answered\":%lu,\"lost\":%lu,\"wrong\":%lu,\"rate\":%.0f,\"octets\":%.1f,\"cpu\":%.4f,\"mean\":%.1f,\"p50\":%.0f,\"p90\":%.0f,\"p99\":%.0f}\n",
         sent, received, lost, wrong, received / (length * 1e-9), received ? (double)octets / received : 0, own_cpu(),
         received ? latency_sum / 1e3 / received : 0, percentile(0.5), percentile(0.9), percentile(0.99));
}
