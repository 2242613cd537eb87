// docs/guides/place-memory.md
#include <iostream>

#include <zesvm/zesvm.hpp>

namespace {

const char* name_of(zesvm::HintOutcome outcome) {
  switch (outcome) {
    case zesvm::HintOutcome::applied: return "applied";
    case zesvm::HintOutcome::already_so: return "already so";
    case zesvm::HintOutcome::ignored: return "ignored";
    case zesvm::HintOutcome::unconfirmed: return "unconfirmed";
  }
  return "unknown";
}

void say(const char* what, const zesvm::HintResult& result) {
  std::cout << what << ": " << name_of(result.outcome);
  if (!result.reason.empty()) std::cout << " (" << result.reason << ")";
  std::cout << "\n";
}

int run() {
  zesvm::Runtime runtime;
  zesvm::AddressSpace& space = runtime.address_space();
  const zesvm::Device& gpu = runtime.device(0);
  zesvm::Stream stream(gpu);
  const zesvm::Module triad = runtime.load_module("triad");
  const std::size_t n = 1 << 20;  // 8 MiB each
  zesvm::Array<double> field = space.make_array<double>(n);
  zesvm::Array<double> table = space.make_array<double>(n);
  zesvm::Array<double> result = space.make_array<double>(n);
  for (std::size_t i = 0; i < n; ++i) field[i] = table[i] = 1;

  // What the GPU works on lives there; what it reads little of stays in system memory.
  say("field on the GPU", space.advise(field, zesvm::preferred_location(gpu)));
  say("table in system memory", space.advise(table, zesvm::prefer_system_memory()));
  // Moved before it is needed, in order with the stream's work.
  stream.prefetch(field.data(), field.size_bytes());
  stream.launch(triad.kernel("triad"), zesvm::grid(n), result, field, table, 2.0);
  stream.wait();

  std::cout << "field:\n" << space.residency(field);
  std::cout << "table:\n" << space.residency(table);
  {
    // System calls and MPI use memory that is in system memory only, and stays there.
    const zesvm::HostAccess held = space.host_access(result);
    std::cout << "result, held for a system call:\n" << space.residency(result);
  }
  say("result back", space.prefetch(result, gpu));
  say("and again", space.prefetch(result, gpu));
  say("result is dead", space.discard(result.data(), result.size_bytes()));
  return 0;
}

}  // namespace

int main() {
  try {
    return run();
  } catch (const zesvm::Error& error) {
    std::cerr << "place_memory: " << error.what() << "\n";
    return 1;
  }
}
