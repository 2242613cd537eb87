#include <zesvm/address_space.hpp>

namespace zesvm {

Advice::Advice(AtomicAccess access) noexcept : kind_(Kind::atomic), atomic_(access) {}
Advice::Advice(Kind kind) noexcept : kind_(kind) {}
Advice::~Advice() = default;
Advice::Advice(const Advice&) = default;
Advice& Advice::operator=(const Advice&) = default;

Advice preferred_location(const Device& device, Migrate migrate) {
  Advice advice(Advice::Kind::location_device);
  advice.device_ = device;
  advice.migrate_ = migrate;
  return advice;
}

Advice prefer_system_memory() { return Advice(Advice::Kind::location_system); }
Advice no_preferred_location() { return Advice(Advice::Kind::location_default); }
Advice read_mostly() { return Advice(Advice::Kind::read_mostly); }

}  // namespace zesvm
