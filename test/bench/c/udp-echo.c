// The floor: what the kernel alone costs. Reads batches, sets QR, adds as many octets as the answer of a hit
// has more than its query, and sends them back; nothing is parsed, looked up or decided.
//
//     udp-echo PORT EXTRA
#include "queries.h"
#include <arpa/inet.h>
#include <sys/socket.h>

#define BATCH 64

static struct mmsghdr message[BATCH];
static struct iovec vector[BATCH];
static struct sockaddr_in peer[BATCH];
static uint8_t octets[BATCH][4096 + 64];

int main(int count, char **arg) {
  if (count != 3) return fprintf(stderr, "usage: udp-echo PORT EXTRA\n"), 2;
  struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(atoi(arg[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int fd = socket(AF_INET, SOCK_DGRAM, 0), room = 4 << 20, extra = atoi(arg[2]);
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
  setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
  if (bind(fd, (void *)&here, sizeof here)) fail("bind");
  for (int i = 0; i < BATCH; i++) {
    vector[i] = (struct iovec){octets[i], 4096};
    message[i].msg_hdr = (struct msghdr){.msg_name = &peer[i], .msg_namelen = sizeof peer[i], .msg_iov = &vector[i], .msg_iovlen = 1};
  }
  for (;;) {
    int got = recvmmsg(fd, message, BATCH, MSG_WAITFORONE, 0);
    for (int i = 0; i < got; i++) {
      octets[i][2] |= 0x80;
      vector[i].iov_len = message[i].msg_len + extra;
    }
    for (int done = 0; done < got;) {
      int more = sendmmsg(fd, message + done, got - done, 0);
      done += more > 0 ? more : 1;
    }
    for (int i = 0; i < got; i++) vector[i].iov_len = 4096;
  }
}
