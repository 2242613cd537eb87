// The program of one simulated tile. Started by the driver, never by hand:
//   zesvm-sim-device <parent process> <engines> <atomic probe offset>
// with the driver's socket as descriptor 3.
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <thread>
#include <unistd.h>

#include "simulator/tile/descriptor_passing.hpp"
#include "simulator/tile/device/command_loop.hpp"
#include "simulator/tile/device/own_addresses.hpp"

namespace zesvm::simulator::tile::device {
namespace {

// Starts this program again with its libraries out of the way of the application's addresses: with
// a stack of any size allowed, the kernel lays them out from a third of the address space upwards.
// Where that is not allowed the program goes on as it is; collisions are answered, not overwritten.
void ensure_layout(char** arguments) {
  const auto traits = static_cast<unsigned>(::personality(0xffffffff));
  // A debugger's wish. The application has it too, and its program and ours the same address then.
  const bool is_fixed = (traits & ADDR_NO_RANDOMIZE) != 0 &&
                        ::personality(traits & ~static_cast<unsigned>(ADDR_NO_RANDOMIZE)) != -1;
  rlimit stack{};
  ::getrlimit(RLIMIT_STACK, &stack);
  const bool is_low = stack.rlim_cur == RLIM_INFINITY || (traits & ADDR_COMPAT_LAYOUT) != 0;
  if (is_low && !is_fixed) return;
  const rlimit unlimited{RLIM_INFINITY, stack.rlim_max};
  const bool is_allowed =
      stack.rlim_max == RLIM_INFINITY && ::setrlimit(RLIMIT_STACK, &unlimited) == 0;
  if (!is_allowed && ::personality(ADDR_COMPAT_LAYOUT) == -1) return;
  ::execv("/proc/self/exe", arguments);
}

// Descriptors the application left open for its children are none of ours.
void close_foreign_descriptors() {
  if (::syscall(SYS_close_range, helper_socket + 1, ~0u, 0) == 0) return;
  for (int descriptor = helper_socket + 1; descriptor < 1024; ++descriptor) ::close(descriptor);
}

// Ends this process with the application, however that ends.
void watch_parent(pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(0);
  const int handle = static_cast<int>(::syscall(SYS_pidfd_open, parent, 0));
  std::thread{[handle] {
    pollfd events[] = {{helper_socket, POLLRDHUP, 0}, {handle, POLLIN, 0}};
    while (::poll(events, 2, -1) <= 0) {
    }
    ::_exit(0);
  }}.detach();
}

Channel* open_channel() {
  const auto received = receive_descriptor(helper_socket);
  if (!received) return nullptr;
  void* mapped = ::mmap(nullptr, sizeof(Channel), PROT_READ | PROT_WRITE, MAP_SHARED,
                        received->descriptor.get(), 0);
  return mapped == MAP_FAILED ? nullptr : static_cast<Channel*>(mapped);
}

int run(char** arguments) {
  ensure_layout(arguments);
  close_foreign_descriptors();
  ::fcntl(helper_socket, F_SETFD, FD_CLOEXEC);
  ::prctl(PR_SET_NAME, "zesvm-tile");
  watch_parent(static_cast<pid_t>(std::atoi(arguments[1])));
  Channel* channel = open_channel();
  if (channel == nullptr) return EXIT_FAILURE;
  channel->own_count = static_cast<std::uint32_t>(settle_own_addresses(channel->own));
  const auto engines = static_cast<unsigned>(std::atoi(arguments[2]));
  const Bytes probe_offset{std::strtoull(arguments[3], nullptr, 10)};
  CommandLoop{*channel, helper_socket, engines, probe_offset}.run();
}

}  // namespace
}  // namespace zesvm::simulator::tile::device

int main(int count, char** arguments) {
  if (count == 4) return zesvm::simulator::tile::device::run(arguments);
  std::fprintf(stderr, "zesvm-sim-device is started by the zesvm simulator's driver.\n");
  return EXIT_FAILURE;
}
