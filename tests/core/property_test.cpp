// Random sequences of everything, against a model that knows what each word must hold.
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
    map({0, page_count});
  }

  void step() {
    using Act = void (World::*)();
    static constexpr std::pair<std::size_t, Act> acts[] = {
        {9, &World::device_access}, {6, &World::cpu_access}, {3, &World::advise},
        {3, &World::unmap},         {3, &World::remap},      {2, &World::invalidate},
        {2, &World::prefetch},      {2, &World::move_out},   {2, &World::discard},
        {1, &World::leave},         {1, &World::join},       {1, &World::user_pages},
        {1, &World::break_a_step},  {1, &World::collect},    {2, &World::device_memory},
    };
    std::size_t pick = *rc::gen::inRange<std::size_t>(0, 39);
    for (const auto& [weight, act] : acts) {
      if (pick < weight) return check_after(act);
      pick -= weight;
    }
  }

  void check_everything() {
    machine_.plan.clear();
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

  void check_after(void (World::*act)()) {
    (this->*act)();
    const bool may_pend = machine_.plan.is_set();
    // Often nothing is collected, so that the next step meets what is pending.
    if (may_pend || *rc::gen::inRange(0, 3) > 0) return;
    machine_.space().collect_unmapped();
    const auto found = machine_.disagreements();
    if (!found.empty()) RC_FAIL(found.front());
    check_attributes();
    check_placement();
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
    for (std::uint64_t n = pages.begin; n < pages.end; ++n) model_[n] = {};
  }

  void remap() {
    const Pages pages = any_pages();
    say("remap", pages);
    machine_.unmap(pages.interval());
    for (std::uint64_t n = pages.begin; n < pages.end; ++n) model_[n] = {};
    map(pages);
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
    say("leave", {}, &tile);
    RC_ASSERT(machine_.space().leave(tile.id) == Status::ok);
    RC_ASSERT(tile.pagemap.usage().blocks == 0);
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

  void device_memory() {
    const Interval where{base + 512_KiB, base + 512_KiB + 16_KiB};
    Tile& tile = any_tile();
    say("device memory", {}, &tile);
    if (machine_.space().reserve_device_memory(tile.id, where) != Status::ok) return;
    RC_ASSERT(machine_.space().release_device_memory(where) == Status::ok);
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
  std::uint64_t next_word_ = 1000;
};

// proves: A2, A7, A12, A14, B1, B4, B5, B8, C6, D3, D6, D7, D10
RC_GTEST_PROP(PropertyTest, NothingIsLostWhateverHappens, ()) {
  World world;
  const int steps = *rc::gen::inRange(1, 250);
  for (int i = 0; i < steps; ++i) world.step();
  world.check_everything();
}

}  // namespace
}  // namespace zesvm::svm::fake
