#include "simulator/tile/device/fault_reporter.hpp"

#include <cerrno>
#include <cstdlib>
#include <dlfcn.h>
#include <link.h>
#include <sched.h>
#include <string_view>
#include <ucontext.h>

#include "simulator/tile/device/instruction.hpp"
#include "simulator/tile/futex.hpp"

namespace zesvm::simulator::tile::device {
namespace {

FaultReporter* installed = nullptr;

// A launch that skipped that many accesses is not worth waiting for; the tile is lost instead.
constexpr std::uint32_t most_skipped = 4'000'000;
// A driver that says "try again" that often for one address changes nothing.
constexpr std::uint32_t most_repeated = 100'000;

std::uint8_t* instruction_pointer(const ucontext_t& context) {
  return reinterpret_cast<std::uint8_t*>(context.uc_mcontext.gregs[REG_RIP]);
}

Access access_of(const ucontext_t& context) {
  // Bit 1 of the page fault's error code: the access was a write. Atomics write.
  if ((context.uc_mcontext.gregs[REG_ERR] & 2) == 0) return Access::read;
  const bool is_atomic = decode_instruction(instruction_pointer(context)).is_atomic;
  return is_atomic ? Access::atomic : Access::write;
}

// Whether the code that faulted is a kernel's and not the OpenCL implementation's own, which must
// not be led on with wrong values.
bool is_kernel_code(const ucontext_t& context) {
  dl_find_object found{};
  if (_dl_find_object(instruction_pointer(context), &found) != 0) return true;
  const std::string_view name{found.dlfo_link_map->l_name};
  if (name.empty()) return false;  // this program
  for (const char* library :
       {"libpocl", "libLLVM", "libclang", "libOpenCL", "libstdc++", "ld-linux"})
    if (name.find(library) != std::string_view::npos) return false;
  return true;
}

// Ends the process with the signal, once the handler returns to the instruction.
void die_of_it() { ::signal(SIGSEGV, SIG_DFL); }

}  // namespace

void FaultReporter::install() {
  installed = this;
  struct sigaction action {};
  action.sa_sigaction = &FaultReporter::on_signal;
  action.sa_flags = SA_SIGINFO;
  ::sigemptyset(&action.sa_mask);
  ::sigaction(SIGSEGV, &action, nullptr);
}

void FaultReporter::on_signal(int, siginfo_t* info, void* context) {
  const int saved = errno;
  installed->handle(*info, *static_cast<ucontext_t*>(context));
  errno = saved;
}

void FaultReporter::handle(const siginfo_t& info, ucontext_t& context) {
  if (info.si_code <= 0) return die_of_it();  // sent by a process, not raised by an access
  // An address that is not canonical faults without being told: SI_KERNEL, address 0.
  Address where = address_of(info.si_addr);
  Access access = access_of(context);
  bool in_window = mappings_.is_in_window(where);
  if (!in_window) {
    if (const auto probed = mappings_.probed_address(where)) {
      where = *probed;
      access = Access::atomic;
      in_window = true;
    }
  }
  if (!in_window && (!work_.is_any() || !is_kernel_code(context))) return die_of_it();

  if (!work_.has_failed()) {
    thread_local Address last;
    thread_local std::uint32_t repeated = 0;
    repeated = where == last ? repeated + 1 : 0;
    last = where;
    Status answer = repeated < most_repeated ? ask(where, access) : Status::timed_out;
    // Memory of the program is in no window before its first use, and that may be an atomic.
    if (const auto probed = mappings_.probed_outside(where);
        answer == Status::not_mapped && !in_window && access == Access::read && probed) {
      const Status of_probed = ask(*probed, Access::atomic);
      if (of_probed != Status::not_mapped) {
        answer = of_probed;
        where = *probed;
        access = Access::atomic;
      }
    }
    if (answer == Status::ok) return;
    work_.fail(answer, where, access);
  }
  go_on_without(where, in_window, context);
}

Status FaultReporter::ask(Address where, Access access) {
  FaultRecord& record = take_record();
  record.address = where.value;
  record.access = access;
  record.state.store(fault_pending);
  channel_.fault_doorbell.fetch_add(1);
  // All seq_cst: a thread that stops watching sees the bell, or is seen to have stopped.
  if (channel_.fault_watchers.load() == 0) futex_wake_one(channel_.fault_doorbell);
  std::uint32_t state = 0;
  while ((state = record.state.load()) != fault_answered) futex_wait_awake(record.state, state);
  const Status answer = record.answer;
  record.state.store(fault_free);
  return answer;
}

FaultRecord& FaultReporter::take_record() {
  for (;;) {
    for (FaultRecord& record : channel_.faults) {
      std::uint32_t expected = fault_free;
      if (record.state.compare_exchange_strong(expected, fault_filling)) return record;
    }
    ::sched_yield();
  }
}

void FaultReporter::go_on_without(Address where, bool in_window, ucontext_t& context) {
  if (in_window && mappings_.lay_scratch(where) == Status::ok) return;
  // Nothing can be put there: outside the windows may be this process's own memory. The access is
  // left out, and its result with it.
  static std::atomic<std::uint32_t> skipped{0};
  const Instruction instruction = decode_instruction(instruction_pointer(context));
  if (instruction.length == 0 || skipped.fetch_add(1) > most_skipped) return die_of_it();
  context.uc_mcontext.gregs[REG_RIP] += instruction.length;
}

}  // namespace zesvm::simulator::tile::device
