/*
 * The only program of the images in these data roots: some 2 kB, static, without a C library.
 * It performs its arguments one after the other:
 *   print TEXT, complain TEXT    write a line to stdout, to stderr
 *   read PATH                    copy a file to stdout
 *   write PATH TEXT              replace a file
 *   serve PORT TEXT              answer every TCP connection with a line; never returns
 *   wait                         wait for SIGTERM
 *   exit CODE
 * An action that fails ends the program with code 90.
 */
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#if defined(__x86_64__)
static long call(long number, long a, long b, long c, long d) {
  long result;
  register long r10 __asm__("r10") = d;
  __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10) : "rcx", "r11", "memory");
  return result;
}
__asm__(".globl _start\n_start: xor %ebp, %ebp\nmov %rsp, %rdi\nand $-16, %rsp\ncall begin\n");
#elif defined(__aarch64__)
static long call(long number, long a, long b, long c, long d) {
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
  return x0;
}
__asm__(".globl _start\n_start: mov x0, sp\nbl begin\n");
#endif

static void leave(long code) {
  for (;;) call(SYS_exit_group, code, 0, 0, 0);
}

static long must(long result) {
  if (result < 0) leave(90);
  return result;
}

static int same(const char *a, const char *b) {
  while (*a != 0 && *a == *b) a++, b++;
  return *a == *b;
}

static long number(const char *text) {
  long value = 0;
  while (*text >= '0' && *text <= '9') value = value * 10 + (*text++ - '0');
  return value;
}

static void line(long fd, const char *text) {
  long length = 0;
  while (text[length] != 0) length++;
  must(call(SYS_write, fd, (long)text, length, 0));
  must(call(SYS_write, fd, (long)"\n", 1, 0));
}

static void copy(const char *path) {
  char buffer[512];
  long fd = must(call(SYS_openat, AT_FDCWD, (long)path, O_RDONLY, 0));
  for (long length; (length = must(call(SYS_read, fd, (long)buffer, sizeof buffer, 0))) > 0;)
    must(call(SYS_write, 1, (long)buffer, length, 0));
  call(SYS_close, fd, 0, 0, 0);
}

static void replace(const char *path, const char *text) {
  long fd = must(call(SYS_openat, AT_FDCWD, (long)path, O_WRONLY | O_CREAT | O_TRUNC, 0644));
  line(fd, text);
  call(SYS_close, fd, 0, 0, 0);
}

static void serve(long port, const char *text) {
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = (unsigned short)((port & 255) << 8 | port >> 8)};
  long fd = must(call(SYS_socket, AF_INET, SOCK_STREAM, 0, 0));
  must(call(SYS_bind, fd, (long)&at, sizeof at, 0));
  must(call(SYS_listen, fd, 8, 0, 0));
  for (;;) {
    long client = must(call(SYS_accept4, fd, 0, 0, 0));
    line(client, text);
    call(SYS_close, client, 0, 0, 0);
  }
}

static void await(void) {
  unsigned long set = 1ul << (SIGTERM - 1);
  must(call(SYS_rt_sigprocmask, SIG_BLOCK, (long)&set, 0, sizeof set));
  must(call(SYS_rt_sigtimedwait, (long)&set, 0, 0, sizeof set));
}

__attribute__((used)) static void begin(long *stack) {
  char **word = (char **)(stack + 2);
  while (*word != 0) {
    const char *action = *word++;
    if (same(action, "wait")) await();
    else if (*word == 0) leave(90);
    else if (same(action, "print")) line(1, *word++);
    else if (same(action, "complain")) line(2, *word++);
    else if (same(action, "read")) copy(*word++);
    else if (same(action, "exit")) leave(number(*word));
    else if (word[1] == 0) leave(90);
    else if (same(action, "write")) replace(word[0], word[1]), word += 2;
    else if (same(action, "serve")) serve(number(word[0]), word[1]);
    else leave(90);
  }
  leave(0);
}
