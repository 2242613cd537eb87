/* A program that prints a backtrace when it crashes, on a stack of its own, as AMReX and others do.
 * It says what it got; its faults on memory in VRAM are none of its handler's.
 * proves: H1, H2 */
#define _GNU_SOURCE
#include <execinfo.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "node/foreign/vram_memory.h"

static char stack[1 << 16];

static void handler(int number, siginfo_t* info, void* context) {
  (void)number;
  (void)context;
  char here = 0;
  void* frames[32];
  const int count = backtrace(frames, 32);
  const int on_stack = &here >= stack && &here < stack + sizeof stack;
  char text[128];
  const int length =
      snprintf(text, sizeof text, "crashed at %p, %s frames, %s stack\n", info->si_addr,
               count > 2 ? "many" : "few", on_stack ? "alternate" : "wrong");
  _exit(write(STDOUT_FILENO, text, (size_t)length) == length && on_stack ? 3 : 4);
}

static void install(void) {
  stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_sigaction = handler;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  if (sigaltstack(&alternate, NULL) != 0 || sigaction(SIGSEGV, &action, NULL) != 0) exit(1);
}

int main(int count, char** arguments) {
  const int is_first = count > 1 && strcmp(arguments[1], "first") == 0;
  void* warm_up[1];
  (void)backtrace(warm_up, 1); /* loads its library before it is needed in a handler */
  if (is_first) install();
  vram_memory_t memory = vram_memory_make();
  if (!is_first) {
    if (memory.ints[0] != 0 || memory.ints[vram_ints - 1] != vram_ints - 1) return 1;
    install();
    vram_memory_move(&memory); /* goes to the device again: here the driver notices */
  }
  if (memory.ints[3] != 3 || memory.ints[vram_ints - 1] != vram_ints - 1) return 1;
  puts("memory in VRAM came back");
  fflush(stdout);
  *(volatile int*)16 = 1;
  return 0;
}
