/// @file queue.hpp
/// An exec queue: a thread that walks batches of GPU commands, far enough that host waits end, copies
/// and fills move bytes, and known kernels run.
#pragma once

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "known_kernels.hpp"
#include "launch.hpp"
#include "log.hpp"
#include "objects.hpp"
#include "raw_calls.hpp"

namespace zesvm::xe_standin {

/// What to signal when a batch is done.
struct Fence {
  uint32_t type;
  uint64_t addr, value;
  SyncRef sync;
};

/// A batch to be walked.
struct Job {
  uint64_t batch;
  std::vector<Fence> fences;
  uint64_t seq;
};

/// Which way an access goes.
enum class Direction { read, write };

/// Reads or writes GPU memory. Returns whether all of it was there; what was not reads as zeros.
bool gpu_access(Vm& vm, uint64_t va, void* buffer, size_t size, Direction direction, int card,
                const char* who);

/// A queue of one engine of one card.
struct Queue {
  uint32_t id = 0;
  int engine_class = 0, instance = 0, card = 0;
  VmRef vm;
  std::atomic<bool> banned{false};
  uint64_t seq = 0;

  /// Adds a batch; the first starts the thread.
  void push(Job job);
  /// Ends the thread; what it has not begun is dropped.
  void finish();
  /// Signals a fence.
  void signal(Fence& fence);

 private:
  void loop();
  // A fault that nothing can serve gets the queue banned, unless the address space has a scratch page.
  bool access(uint64_t va, void* buffer, size_t size, Direction direction, const char* who);
  void ban();
  bool read_gpu(uint64_t va, void* to, size_t size, const char* who) {
    return access(va, to, size, Direction::read, who);
  }
  bool write_gpu(uint64_t va, const void* from, size_t size, const char* who) {
    return access(va, const_cast<void*>(from), size, Direction::write, who);
  }
  // Folds the register blocks of the engines into one.
  static uint32_t key(uint32_t reg);
  uint32_t get(uint32_t reg);
  void set(uint32_t reg, uint32_t value) { regs[key(reg)] = value; }
  uint64_t gpr(int n) {
    return get(static_cast<uint32_t>(0x2600 + 8 * n)) |
           static_cast<uint64_t>(get(static_cast<uint32_t>(0x2604 + 8 * n))) << 32;
  }
  void gpr(int n, uint64_t value) {
    set(static_cast<uint32_t>(0x2600 + 8 * n), static_cast<uint32_t>(value));
    set(static_cast<uint32_t>(0x2604 + 8 * n), static_cast<uint32_t>(value >> 32));
  }
  static uint64_t qword(const uint32_t* d) { return d[0] | static_cast<uint64_t>(d[1]) << 32; }

  /// What the walk of one batch keeps.
  struct Walk {
    uint64_t next = 0;
    std::vector<uint64_t> callers;
    bool ended = false;
  };
  void run(uint64_t pc);
  // One command of the command streamer's own; of memory and registers; of the 3D and compute pipe.
  void control(const uint32_t* d, uint32_t op, Walk& walk);
  void memory(const uint32_t* d, uint32_t op, uint32_t len);
  void pipe(const uint32_t* d);
  void atomic(const uint32_t* d, uint32_t len);
  bool semaphore(const uint32_t* d);
  void alu(const uint32_t* ins, int n);
  static bool compare(int op, uint64_t memory, uint64_t value);
  void copy(uint64_t dst, uint64_t src, uint64_t n, const char* who);
  void blit(const uint32_t* d);
  void blit_memory(const uint32_t* d);
  void blit_fill(const uint32_t* d);
  void blit_block(const uint32_t* d);

  // One host pointer for n bytes of GPU memory. Stretches of several buffers are stitched together in
  // a view of their own, mirrored stretches are the CPU's own addresses.
  void* host(uint64_t va, uint64_t n, const char* who);
  static void* host_for_plugin(XeLaunch* l, uint64_t va, uint64_t n);
  void walk(const uint32_t* d);
  void timestamps(uint64_t va);
  // Runs the driver's own copy and fill kernels. Returns whether it is one.
  bool own_kernel(XeLaunch& launch);

  std::mutex m;
  std::condition_variable cv;
  std::deque<Job> jobs;
  bool started = false, stop = false;
  std::thread th;
  std::map<uint32_t, uint32_t> regs;
  // Base addresses.
  uint64_t instructions = 0, general = 0;
};

}  // namespace zesvm::xe_standin
