#include "kernels/spirv/module.hpp"

#include <algorithm>
#include <cstring>

#include "kernels/spirv/code.hpp"
#include "kernels/spirv/reflect.hpp"

namespace zesvm::spirv {
namespace {

constexpr Word swapped(Word word) {
  return word >> 24 | (word >> 8 & 0xff00) | (word << 8 & 0xff0000) | word << 24;
}

template <typename T>
const T* named(const std::vector<T>& all, std::string_view name) {
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const T& one) { return one.name == name; });
  return found == all.end() ? nullptr : &*found;
}

}  // namespace

const Kernel* Module::kernel(std::string_view name) const {
  return named(reflection_.kernels, name);
}

const GlobalVariable* Module::variable(std::string_view name) const {
  return named(reflection_.variables, name);
}

bool Module::has_capability(std::uint32_t capability) const {
  return std::binary_search(reflection_.capabilities.begin(), reflection_.capabilities.end(),
                            capability);
}

Checked<Module> parse(std::span<const std::byte> bytes) {
  if (bytes.empty() || bytes.size() % sizeof(Word) != 0)
    return Error{bytes.size(), "the size of a module is a positive multiple of 4 bytes"};
  std::vector<Word> words(bytes.size() / sizeof(Word));
  std::memcpy(words.data(), bytes.data(), bytes.size());
  if (words[0] == swapped(spv::MagicNumber))
    for (Word& word : words) word = swapped(word);
  return parse(std::move(words));
}

Checked<Module> parse(std::vector<Word> words) {
  auto code = Code::decode(words);
  if (!code) return code.error();
  auto reflection = reflect(*code);
  if (!reflection) return reflection.error();
  return Module(std::move(words), *std::move(reflection));
}

}  // namespace zesvm::spirv
