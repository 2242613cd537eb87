#include "tools/doctor/trial.hpp"

#include <new>
#include <sys/mman.h>

namespace zesvm::tools {
namespace {

// The smallest chunk that moves by itself.
constexpr std::size_t smallest_mapping = std::size_t{64} << 10;

}  // namespace

TrialMemory::TrialMemory(AddressSpace& space, Backing backing, std::size_t words)
    : space_(space), size_(words) {
  if (backing != Backing::system) {
    data_ = space_.allocate<std::uint32_t>(words, backing);
    return;
  }
  std::uint32_t* const own = own_words();
  try {
    space_.adopt(own, bytes());
  } catch (...) {
    if (mapped_ != nullptr) ::munmap(mapped_, bytes());
    throw;
  }
  data_ = own;
}

TrialMemory::~TrialMemory() {
  space_.free_quietly(data_);
  if (mapped_ != nullptr) ::munmap(mapped_, bytes());
}

std::uint32_t* TrialMemory::own_words() {
  if (bytes() < smallest_mapping) {
    heap_.resize(size_);
    return heap_.data();
  }
  void* const place =
      ::mmap(nullptr, bytes(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (place == MAP_FAILED) throw std::bad_alloc();
  mapped_ = place;
  return static_cast<std::uint32_t*>(place);
}

Trial::Trial(Journal& journal, std::size_t bytes)
    : journal_(journal),
      module_(runtime_.load_module("fill")),
      words_(bytes / sizeof(std::uint32_t)) {}

std::string Trial::label(const Device& device) {
  return "device " + std::to_string(device.index());
}

void Trial::increment(const Device& device, std::uint32_t* words, std::size_t count) {
  Stream stream(device);
  stream.launch(module_.kernel("increment"), grid(count), words);
  stream.wait();
}

void Trial::count(const Device& device, std::uint32_t* counter, std::size_t times) {
  Stream stream(device);
  stream.launch(module_.kernel("count"), grid(times), counter);
  stream.wait();
}

void fill(const TrialMemory& memory, std::uint32_t first) {
  for (std::size_t i = 0; i < memory.size(); ++i)
    memory.data()[i] = first + static_cast<std::uint32_t>(i);
}

std::string wrong_in(const TrialMemory& memory, std::uint32_t first) {
  std::size_t wrong = 0;
  std::string example;
  for (std::size_t i = 0; i < memory.size(); ++i) {
    const std::uint32_t expected = first + static_cast<std::uint32_t>(i);
    const std::uint32_t found = memory.data()[i];
    if (found == expected) continue;
    if (wrong++ == 0)
      example = "word " + std::to_string(i) + " is " + std::to_string(found) + ", not " +
                std::to_string(expected);
  }
  if (wrong == 0) return "";
  return "wrong data: " + std::to_string(wrong) + " of " + std::to_string(memory.size()) +
         " words; " + example;
}

}  // namespace zesvm::tools
