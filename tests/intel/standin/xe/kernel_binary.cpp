#include <algorithm>
#include <cstring>
#include <elf.h>

#include "known_kernels.hpp"

namespace zesvm::xe_standin {

void KnownKernels::parse_info(const std::string& info,
                              std::map<std::string, KnownKernel*>& by_name) {
  KnownKernel* k = nullptr;
  std::string type;
  KernelArg a;
  int index = -1;
  bool in_args = false;
  auto flush = [&] {
    if (k && in_args && !type.empty()) {
      k->payload = std::max(k->payload, a.offset + a.size);
      if (index >= 0 && (type == "arg_bypointer" || type == "arg_byvalue"))
        k->args[index].push_back(a);
      else if (type == "enqueued_local_size" || (type == "local_size" && k->local_at < 0))
        k->local_at = a.offset;
      else if (type == "global_id_offset")
        k->offset_at = a.offset;
    }
    type.clear();
    a = KernelArg();
    index = -1;
  };
  for (size_t i = 0; i < info.size();) {
    size_t e = std::min(info.find('\n', i), info.size());
    std::string l = info.substr(i, e - i);
    i = e + 1;
    size_t ind = l.find_first_not_of(' ');
    if (ind == std::string::npos) continue;
    char key[64] = "", val[200] = "";
    bool item = l.compare(ind, 2, "- ") == 0;
    sscanf(l.c_str() + ind + (item ? 2 : 0), "%63[a-z_0-9]: %199[^\n]", key, val);
    std::string K = key;
    if (ind == 0) {
      flush();
      k = nullptr;
      if (K == "kernels_misc_info") break;
    } else if (item && ind == 2 && K == "name") {
      flush();
      in_args = false;
      auto f = by_name.find(val);
      k = f == by_name.end() ? nullptr : f->second;
    } else if (!item && ind == 4) {
      flush();
      in_args = K == "payload_arguments";
    } else if (item && K == "arg_type") {
      flush();
      type = val;
    } else if (k && K == "offset_to_skip_per_thread_data_load")
      k->skip = atoi(val);
    else if (K == "offset")
      a.offset = atoi(val);
    else if (K == "size")
      a.size = atoi(val);
    else if (K == "arg_index")
      index = atoi(val);
    else if (K == "source_offset")
      a.source = atoi(val);
    else if (K == "addrspace")
      a.local = !strcmp(val, "local");
  }
  flush();
}
void KnownKernels::parse_elf(const std::string& d) {
  if (d.size() < sizeof(Elf64_Ehdr) || memcmp(d.data(), ELFMAG, 4)) return;
  auto* h = (const Elf64_Ehdr*)d.data();
  if (h->e_shoff + (uint64_t)h->e_shnum * sizeof(Elf64_Shdr) > d.size() ||
      h->e_shstrndx >= h->e_shnum)
    return;
  auto* sh = (const Elf64_Shdr*)(d.data() + h->e_shoff);
  auto bytes = [&](int i) {
    return sh[i].sh_offset + sh[i].sh_size > d.size() ? std::string()
                                                      : d.substr(sh[i].sh_offset, sh[i].sh_size);
  };
  std::string names = bytes(h->e_shstrndx), info;
  std::map<std::string, KnownKernel*> by_name;
  std::map<int, KnownKernel*> by_section;
  auto name = [&](int i) {
    return sh[i].sh_name < names.size() ? std::string(names.c_str() + sh[i].sh_name)
                                        : std::string();
  };
  for (int i = 0; i < h->e_shnum; ++i) {
    std::string n = name(i);
    if (n == ".ze_info") info = bytes(i);
    if (n.compare(0, 6, ".text.") || n.find("Intel_Symbol_Table") != std::string::npos) continue;
    auto k = std::make_unique<KnownKernel>();
    k->name = n.substr(6);
    k->code = bytes(i);
    by_name[k->name] = by_section[i] = k.get();
    all.push_back(std::move(k));
  }
  for (int i = 0; i < h->e_shnum; ++i) {
    if (sh[i].sh_type != SHT_REL && sh[i].sh_type != SHT_RELA) continue;
    auto k = by_section.find(sh[i].sh_info);
    if (k == by_section.end()) continue;
    std::string r = bytes(i);
    size_t step = sh[i].sh_type == SHT_REL ? sizeof(Elf64_Rel) : sizeof(Elf64_Rela);
    for (size_t o = 0; o + step <= r.size(); o += step) {
      auto* e = (const Elf64_Rel*)(r.data() + o);
      k->second->holes.push_back({(uint32_t)e->r_offset, ELF64_R_TYPE(e->r_info) == 1 ? 8u : 4u});
    }
    std::sort(k->second->holes.begin(), k->second->holes.end());
  }
  parse_info(info, by_name);
}

}  // namespace zesvm::xe_standin
