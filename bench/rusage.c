/* rusage COMMAND...: runs it, then writes its wall seconds, peak resident KiB and exit status (128 + signal) to descriptor 3. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* ru_maxrss counts KiB on Linux and the BSDs, bytes on macOS. */
#ifdef __APPLE__
#define RSS_PER_KIB 1024
#else
#define RSS_PER_KIB 1
#endif

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv) {
  int status;
  struct rusage usage;
  if (argc < 2) return fputs("usage: rusage COMMAND...\n", stderr), 2;
  fcntl(3, F_SETFD, FD_CLOEXEC);
  double start = now();
  pid_t child = fork();
  if (child == 0) {
    execvp(argv[1], argv + 1);
    perror(argv[1]);
    _exit(127);
  }
  if (child < 0 || wait4(child, &status, 0, &usage) < 0) return perror("rusage"), 2;
  double seconds = now() - start;
  int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  dprintf(3, "%.6f %ld %d\n", seconds, (long)usage.ru_maxrss / RSS_PER_KIB, code);
  return 0;
}
