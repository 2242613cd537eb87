// Random sequences of everything, against a model that knows what each word must hold.
#include <algorithm>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "core/core_fixture.hpp"

namespace zesvm::svm::fake {
namespace {

constexpr pagemap::Link fabric{pagemap::Protocol::peer_fabric, pagemap::Speed::fast,
                               pagemap::LinkAtomics::present};
constexpr pagemap::Link pcie{pagemap::Protocol::peer_pcie, pagemap::Speed::fast,
                             pagemap::LinkAtomics::absent};

// A small world, so that everything meets everything: 64 pages in chunks of 16, 4 and 1, three
// tiles with room for 24, 32 and 16 pages; the last joins late, and has no link.
constexpr std::uint64_t page_count = 64;
constexpr Address page_at(std::uint64_t n) { return base + cpu_page * n; }

class World {
 public:
  World() : machine_{1_MiB} {
    AddressSpaceOptions options;
    options.chunk_sizes = {64_KiB, 16_KiB, 4_KiB};
    options.notifier_size = 128_KiB;
    options.interval = {base, base + 1_MiB};
    machine_.make_space(options);
    machine_.add_tile(96_KiB);
    machine_.add_tile(128_KiB, {.has_system_atomics = true, .smallest_migratable = 16_KiB});
    machine_.interconnect.connect(0, 1, fabric);
    machine_.interconnect.connect_one_way(0, 2, pcie);
    machine_.space().trace({[](void* world, const TraceEvent& event) noexcept {
                              static_cast<World*>(world)->events_.push_back(event);
                            },
                            this});
    map({0, page_count});
  }

  ~World() { machine_.space().trace({}); }

  void step() {
    using Act = void (World::*)();
    static constexpr std::pair<std::size_t, Act> acts[] = {
        {9, &World::device_access}, {6, &World::cpu_access},
        {3, &World::advise},        {3, &World::unmap},
        {3, &World::remap},         {2, &World::invalidate},
        {2, &World::prefetch},      {2, &World::move_out},
        {2, &World::discard},       {1, &World::leave},
        {1, &World::join},          {1, &World::user_pages},
        {1, &World::break_a_step},  {1, &World::collect},
        {2, &World::device_memory}, {3, &World::use_device_memory},
        {1, &World::replace_pages}, {1, &World::hold},
        {1, &World::lose},
    };
    std::size_t pick = *rc::gen::inRange<std::size_t>(0, 45);
    for (const auto& [weight, act] : acts) {
      if (pick < weight) return check_after(act);
      pick -= weight;
    }
  }

  void check_everything() {
    machine_.plan.clear();
    release_all();
    for (std::uint64_t n = 0; n < page_count; ++n) {
      if (!model_[n].is_mapped) continue;
      RC_ASSERT(*machine_.read(page_at(n)) == model_[n].word);
    }
    machine_.space().collect_unmapped();
    RC_ASSERT(machine_.disagreements().empty());
  }

 private:
  struct PageModel {
    bool is_mapped = false;
    Writable writable = Writable::yes;
    std::uint64_t word = 0;
    Attributes attributes;
  };
  struct Pages {
    std::uint64_t begin;
    std::uint64_t end;
    Interval interval() const { return {page_at(begin), page_at(end)}; }
  };

  // After every step: no byte is lost, no two ranges overlap, nothing is mapped without a range,
  // and every placement follows from a rule.
  void check_after(void (World::*act)()) {
    events_.clear();
    (this->*act)();
    expect_agreement(Pending::pins_and_ranges);
    check_bytes();
    check_rules();
    // Often nothing is collected, so that the next step meets what is pending.
    if (machine_.plan.is_set() || *rc::gen::inRange(0, 3) > 0) return;
    machine_.space().collect_unmapped();
    pending_.fill(false);
    expect_agreement(Pending::pins);
    check_bytes();
    check_attributes();
    check_placement();
  }

  void expect_agreement(Pending pending) {
    const auto found = machine_.disagreements(pending);
    if (!found.empty()) RC_FAIL(found.front());
  }

  static std::uint64_t any_page() { return *rc::gen::inRange<std::uint64_t>(0, page_count); }
  static Pages any_pages() {
    const std::uint64_t begin = any_page();
    const std::uint64_t most = *rc::gen::element<std::uint64_t>(1, 4, 16, page_count);
    return {begin, std::min(page_count, begin + *rc::gen::inRange<std::uint64_t>(1, most + 1))};
  }
  Tile& any_tile() { return *machine_.tiles[*rc::gen::inRange<std::size_t>(0, tile_count())]; }
  std::size_t tile_count() const { return machine_.tiles.size(); }
  bool is_gone(const Tile& tile) const { return tile.pagemap.is_closed(); }

  // Tells what is done next, should it come to a failure.
  static void say(const char* what, Pages pages = {}, const Tile* tile = nullptr) {
    RC_LOG() << what << " [" << pages.begin << ", " << pages.end << ")";
    if (tile) RC_LOG() << " on tile " << tile->id.index;
    RC_LOG() << std::endl;
  }
  static std::string text(Status status) { return std::string{name_of(status)}; }

  void map(Pages pages) {
    machine_.map(pages.interval());
    for (std::uint64_t n = pages.begin; n < pages.end; ++n) {
      model_[n].is_mapped = true;
      model_[n].writable = Writable::yes;
      model_[n].word = 0;
    }
  }

  // What an access must come to; anything goes while steps are made to fail, but wrong bytes.
  Status expected(const Tile& tile, const PageModel& page, Access access) const {
    if (is_gone(tile)) return Status::no_device;
    if (!page.is_mapped) return Status::not_mapped;
    if (access != Access::read && page.writable == Writable::no) return Status::permission_denied;
    if (access == Access::atomic && page.attributes.atomic == AtomicAccess::cpu)
      return Status::permission_denied;
    return Status::ok;
  }

  void device_access() {
    Tile& tile = any_tile();
    const std::uint64_t n = any_page();
    const auto access = *rc::gen::element(Access::read, Access::write, Access::atomic);
    PageModel& page = model_[n];
    const Status wanted = expected(tile, page, access);
    static constexpr const char* names[] = {"device read", "device write", "device atomic"};
    say(names[static_cast<int>(access)], {n, n + 1}, &tile);
    const bool may_fail = machine_.plan.is_set();
    Status status = Status::ok;
    if (access == Access::read) {
      const auto word = tile.read(page_at(n));
      status = word.status();
      if (word) RC_ASSERT(*word == page.word);
    } else if (access == Access::write) {
      status = tile.write(page_at(n), ++next_word_);
      if (status == Status::ok) page.word = next_word_;
    } else {
      status = tile.add(page_at(n), 1);
      if (status == Status::ok) ++page.word;
    }
    RC_ASSERT(status != Status::timed_out);
    // An atomic may be refused where a chunk may not move, or VRAM has no room: never a lie.
    if (wanted != Status::ok && !may_fail) RC_ASSERT(text(status) == text(wanted));
    if (wanted == Status::ok && access != Access::atomic && !may_fail)
      RC_ASSERT(text(status) == "ok");
  }

  void cpu_access() {
    const std::uint64_t n = any_page();
    PageModel& page = model_[n];
    if (!page.is_mapped) return;
    say("cpu", {n, n + 1});
    const bool may_fail = machine_.plan.is_set();
    if (*rc::gen::arbitrary<bool>()) {
      const auto word = machine_.read(page_at(n));
      if (word) RC_ASSERT(*word == page.word);
      if (!may_fail) RC_ASSERT(text(word.status()) == "ok");
    } else if (page.writable == Writable::yes) {
      if (machine_.write(page_at(n), ++next_word_) == Status::ok) page.word = next_word_;
    }
  }

  void advise() {
    const Pages pages = any_pages();
    say("advise", pages);
    Advice advice;
    switch (*rc::gen::inRange(0, 5)) {
      case 0: advice = Advice::preferred_location(Place::system()); break;
      case 1: advice = Advice::preferred_location(Place::on(any_tile().id)); break;
      case 2:
        advice = Advice::preferred_location(Place::faulting(), MigrationPolicy::system_pages_only);
        break;
      case 3:
        advice =
            Advice::atomic_access(*rc::gen::element(AtomicAccess::undefined, AtomicAccess::device,
                                                    AtomicAccess::global, AtomicAccess::cpu));
        break;
      default: advice = Advice::defaults();
    }
    const auto result = machine_.space().advise(pages.interval(), advice);
    if (!result) return;
    for (std::uint64_t n = pages.begin; n < pages.end; ++n)
      model_[n].attributes = advice.applied_to(model_[n].attributes);
  }

  void unmap() {
    const Pages pages = any_pages();
    say("unmap", pages);
    machine_.unmap(pages.interval());
    forget(pages);
  }

  void remap() {
    const Pages pages = any_pages();
    say("remap", pages);
    machine_.unmap(pages.interval());
    forget(pages);
    map(pages);
  }

  // What is left of a range that lost a part is somewhere between its places until collection.
  void forget(Pages pages) {
    for (std::uint64_t n = pages.begin; n < pages.end; ++n) model_[n] = {};
    for (std::uint64_t n = pages.begin / 16 * 16; n < (pages.end + 15) / 16 * 16; ++n)
      pending_[n] = true;
  }

  void invalidate() {
    const Pages pages = any_pages();
    say("protect", pages);
    const auto writable = *rc::gen::element(Writable::no, Writable::yes, Writable::yes);
    machine_.protect(pages.interval(), writable);
    for (std::uint64_t n = pages.begin; n < pages.end; ++n) model_[n].writable = writable;
  }

  void prefetch() {
    const std::array<Pages, 2> pages{any_pages(), any_pages()};
    const std::vector<Interval> intervals{pages[0].interval(), pages[1].interval()};
    const Tile* tile = *rc::gen::inRange(0, 3) == 0 ? nullptr : &any_tile();
    for (const Pages& each : pages) say("prefetch", each, tile);
    (void)machine_.space().prefetch(intervals, tile ? Place::on(tile->id) : Place::system());
  }

  void move_out() {
    const Pages pages = any_pages();
    say("move out", pages);
    (void)machine_.space().migrate_to_system(pages.interval());
  }

  void discard() {
    const Pages pages = any_pages();
    say("discard", pages);
    for (std::uint64_t n = pages.begin; n < pages.end; ++n)
      if (!model_[n].is_mapped || model_[n].writable == Writable::no) return;
    if (machine_.plan.is_set()) return;
    RC_ASSERT(machine_.space().discard(pages.interval()).status() == Status::ok);
    for (std::uint64_t n = pages.begin; n < pages.end; ++n) model_[n].word = 0;
  }

  void leave() {
    Tile& tile = any_tile();
    if (is_gone(tile) || machine_.plan.is_set()) return;
    for (DeviceMemory& memory : device_memory_)
      while (memory.pins > 0) {
        machine_.space().unpin(memory.where);
        --memory.pins;
      }
    say("leave", {}, &tile);
    RC_ASSERT(machine_.space().leave(tile.id) == Status::ok);
    RC_ASSERT(tile.pagemap.usage().blocks == 0);
    forget_advice(tile);
  }

  void forget_advice(const Tile& tile) {
    for (PageModel& page : model_)
      if (page.attributes.preferred == Place::on(tile.id))
        page.attributes.preferred = Place::faulting();
  }

  void join() {
    if (tile_count() < 5) machine_.add_tile(64_KiB);
  }

  void user_pages() {
    Tile& tile = any_tile();
    const Pages pages = any_pages();
    say("user pages", pages, &tile);
    const auto id = machine_.space().user_pages(tile.id, pages.interval(), Access::read);
    if (id) machine_.space().release_user_pages(*id);
  }

  // Two plain device allocations come and go, with one word each.
  struct DeviceMemory {
    Interval where;
    bool is_there = false;
    std::uint64_t pins = 0;
    std::uint64_t word = 0;
  };

  void device_memory() {
    DeviceMemory& memory = device_memory_[*rc::gen::inRange<std::size_t>(0, 2)];
    Tile& tile = any_tile();
    say(memory.is_there ? "free device memory" : "device memory", {}, &tile);
    if (memory.is_there) {
      RC_ASSERT(machine_.space().release_device_memory(memory.where) == Status::ok);
      memory = {memory.where};
    } else if (machine_.space().reserve_device_memory(tile.id, memory.where) == Status::ok) {
      memory.is_there = true;
      if (tile.write(memory.where.begin, 0) != Status::ok) {
        RC_ASSERT(machine_.space().release_device_memory(memory.where) == Status::ok);
        memory = {memory.where};
      }
    }
  }

  void use_device_memory() {
    DeviceMemory& memory = device_memory_[*rc::gen::inRange<std::size_t>(0, 2)];
    if (!memory.is_there) return;
    Tile& tile = any_tile();
    say("use device memory", {}, &tile);
    const Address where = memory.where.begin;
    if (*rc::gen::inRange(0, 4) == 0) {
      if (memory.pins > 0) {
        machine_.space().unpin(memory.where);
        --memory.pins;
      } else if (machine_.space().pin(memory.where) == Status::ok) {
        ++memory.pins;
      }
      return;
    }
    const auto word = tile.read(where);
    if (!word) return;
    RC_ASSERT(*word == memory.word);
    if (tile.write(where, ++next_word_) == Status::ok) memory.word = next_word_;
  }

  void release_all() {
    for (DeviceMemory& memory : device_memory_) {
      if (!memory.is_there) continue;
      while (memory.pins-- > 0) machine_.space().unpin(memory.where);
      RC_ASSERT(machine_.space().release_device_memory(memory.where) == Status::ok);
      memory = {memory.where};
    }
  }

  void replace_pages() {
    const Pages pages = any_pages();
    say("replace pages", pages);
    machine_.invalidate(pages.interval(), Event::migrate);
  }

  void hold() {
    const Pages pages = any_pages();
    if (machine_.plan.is_set()) return;
    say("hold on the host", pages);
    if (machine_.space().hold_on_host(pages.interval()) != Status::ok) return;
    const std::uint64_t n = *rc::gen::inRange(pages.begin, pages.end);
    if (model_[n].is_mapped) {
      (void)any_tile().read(page_at(n));
      RC_ASSERT(machine_.space().residency({page_at(n), page_at(n + 1)}).place == Place::system());
    }
    machine_.space().release_on_host(pages.interval());
  }

  // Its content is gone, and with it only what it had.
  void lose() {
    Tile& tile = any_tile();
    if (is_gone(tile) || machine_.plan.is_set() || tile_count() < 4) return;
    say("lose", {}, &tile);
    machine_.space().collect_unmapped();
    const auto chunks = machine_.space().residency({page_at(0), page_at(page_count)}).chunks;
    RC_ASSERT(machine_.space().lose(tile.id) == Status::ok);
    RC_ASSERT(tile.pagemap.usage().blocks == 0);
    for (const ChunkResidency& chunk : chunks) {
      if (chunk.pagemap != &tile.pagemap) continue;
      for (Address at = chunk.interval.begin; at < chunk.interval.end; at += cpu_page)
        model_[(at - base) / cpu_page].word = *machine_.read(at);
    }
    for (DeviceMemory& memory : device_memory_) {
      if (!memory.is_there) continue;
      memory.pins = 0;
      memory.word = *machine_.peek(memory.where.begin);
    }
    forget_advice(tile);
  }

  void break_a_step() {
    say("break or heal");
    if (machine_.plan.is_set())
      machine_.plan.clear();
    else
      machine_.plan.fail_at(*rc::gen::inRange(1, 4));
  }

  void collect() { machine_.space().collect_unmapped(); }

  void check_attributes() {
    for (const AttributeInterval& piece :
         machine_.space().attributes({page_at(0), page_at(page_count)}))
      for (Address at = piece.interval.begin; at < piece.interval.end; at += cpu_page) {
        const Attributes& told = model_[(at - base) / cpu_page].attributes;
        RC_ASSERT(piece.attributes.atomic == told.atomic);
        RC_ASSERT(piece.attributes.preferred == told.preferred);
        RC_ASSERT(piece.attributes.policy == told.policy);
      }
  }

  void check_bytes() {
    for (std::uint64_t n = 0; n < page_count; ++n) {
      if (!model_[n].is_mapped || pending_[n]) continue;
      const auto word = machine_.peek(page_at(n));
      RC_ASSERT(word.has_value() && *word == model_[n].word);
    }
    for (const DeviceMemory& memory : device_memory_)
      if (memory.is_there) RC_ASSERT(*machine_.peek(memory.where.begin) == memory.word);
  }

  // The last decision about each range that a device has mapped names the rule it is there by.
  void check_rules() {
    for (std::size_t i = 0; i < events_.size(); ++i) {
      const TraceEvent& event = events_[i];
      if (event.decision != Decision::fault_mapped) continue;
      const auto is_later = [&](const TraceEvent& other) {
        return other.interval.overlaps(event.interval);
      };
      if (std::any_of(events_.begin() + static_cast<std::ptrdiff_t>(i) + 1, events_.end(),
                      is_later))
        continue;
      const ChunkResidency chunk = machine_.space().residency(event.interval).chunks.at(0);
      if (chunk.is_device_memory || chunk.interval != event.interval) continue;
      RC_ASSERT(is_explained(event, chunk));
    }
  }

  bool is_explained(const TraceEvent& event, const ChunkResidency& chunk) const {
    const Tile& tile = *machine_.tiles[event.device.index];
    const Place preferred = chunk.attributes.preferred;
    switch (event.rule) {
      case Rule::first_touch:
      case Rule::atomic_needs_vram: return chunk.pagemap == &tile.pagemap;
      case Rule::preferred_location:
        if (event.cause == pagemap::Cause::prefetch) return chunk.pagemap == &tile.pagemap;
        if (preferred.kind == Place::Kind::system) return chunk.pagemap == nullptr;
        return chunk.pagemap == &machine_.tiles[preferred.device.index]->pagemap;
      case Rule::held_on_host: return chunk.pagemap == nullptr;
      case Rule::too_small:
      case Rule::system_pages_only:
      case Rule::fallback: return true;  // where it was, or as near as could be: check_mapping()
      default: return false;
    }
  }

  // Each range lies in mapped memory, in one mapping and one interval of attributes where a device
  // has it mapped, and in VRAM only of a tile that is there.
  void check_placement() {
    for (const ChunkResidency& chunk :
         machine_.space().residency({page_at(0), page_at(page_count)}).chunks) {
      if (!chunk.has_range) continue;
      for (Address at = chunk.interval.begin; at < chunk.interval.end; at += cpu_page) {
        const PageModel& page = model_[(at - base) / cpu_page];
        RC_ASSERT(page.is_mapped);
        if (!chunk.mapped_on.empty()) RC_ASSERT(page.attributes == chunk.attributes);
      }
      if (chunk.pagemap) RC_ASSERT(!chunk.pagemap->is_closed());
      for (const auto& on : chunk.mapped_on) check_mapping(chunk, on);
    }
  }

  void check_mapping(const ChunkResidency& chunk, const ChunkResidency::MappedOn& on) {
    const Tile& tile = *machine_.tiles[on.device.index];
    RC_ASSERT(!is_gone(tile));
    const pagemap::Pagemap* own = &tile.pagemap;
    const pagemap::Protocol expected =
        !chunk.pagemap         ? pagemap::Protocol::system
        : chunk.pagemap == own ? pagemap::Protocol::local_vram
                               : machine_.interconnect.link(*own, *chunk.pagemap).protocol;
    RC_ASSERT(on.protocol == expected);
    const auto mapping = tile.mapping_at(chunk.interval.begin);
    RC_ASSERT(mapping.has_value());
    if (mapping->writable == Writable::yes)
      RC_ASSERT(model_[(chunk.interval.begin - base) / cpu_page].writable == Writable::yes);
  }

  Machine machine_;
  std::array<PageModel, page_count> model_;
  std::array<bool, page_count> pending_{};
  std::array<DeviceMemory, 2> device_memory_{
      DeviceMemory{{base + 512_KiB, base + 528_KiB}},
      DeviceMemory{{base + 640_KiB, base + 640_KiB + 64_KiB}}};
  std::vector<TraceEvent> events_;
  std::uint64_t next_word_ = 1000;
};

// proves: A2, A7, A12, A14, B1, B4, B5, B7, B8, B11, C6, D3, D6, D7, D10, E2
RC_GTEST_PROP(PropertyTest, NothingIsLostWhateverHappens, ()) {
  World world;
  const int steps = *rc::gen::inRange(1, 250);
  for (int i = 0; i < steps; ++i) world.step();
  world.check_everything();
}

}  // namespace
}  // namespace zesvm::svm::fake
