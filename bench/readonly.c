/* readonly FILE: reads a file in pieces of 512 KiB and does nothing with it. cc -O2 -o readonly readonly.c */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static char piece[512 * 1024];

int main(int argc, char **argv) {
  unsigned long long total = 0;
  ssize_t got;
  int file = argc == 2 ? open(argv[1], O_RDONLY) : -1;
  if (file < 0) return perror("readonly"), 2;
  while ((got = read(file, piece, sizeof piece)) > 0) total += (unsigned long long)got;
  printf("%llu bytes\n", total);
  return got < 0;
}
