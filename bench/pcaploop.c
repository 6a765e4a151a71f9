/* pcaploop FILE: reads a capture with libpcap and a callback that only counts. cc -O2 -o pcaploop pcaploop.c -lpcap */
#include <pcap/pcap.h>
#include <stdio.h>

struct totals {
  unsigned long long packets, bytes;
};

static void count(u_char *user, const struct pcap_pkthdr *header, const u_char *frame) {
  struct totals *totals = (struct totals *)user;
  (void)frame;
  totals->packets++;
  totals->bytes += header->caplen;
}

int main(int argc, char **argv) {
  char error[PCAP_ERRBUF_SIZE] = "usage: pcaploop FILE";
  struct totals totals = {0, 0};
  pcap_t *capture = argc == 2 ? pcap_open_offline(argv[1], error) : NULL;
  if (!capture) return fprintf(stderr, "%s\n", error), 2;
  int failed = pcap_loop(capture, -1, count, (u_char *)&totals) < 0;
  if (failed) pcap_perror(capture, argv[1]);
  printf("%llu packets, %llu bytes\n", totals.packets, totals.bytes);
  pcap_close(capture);
  return failed;
}
