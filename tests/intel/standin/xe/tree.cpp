#include "tree.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/sysmacros.h>

#include "log.hpp"
#include "raw_calls.hpp"
#include "settings.hpp"

namespace zesvm::xe_standin {
namespace {

void mkdirs(const std::string& p) {
  for (size_t i = 1; i <= p.size(); ++i)
    if (i == p.size() || p[i] == '/') syscall(SYS_mkdir, p.substr(0, i).c_str(), 0700);
}
void text(const std::string& p, const std::string& s) {
  int fd = raw_open(p.c_str(), O_CREAT | O_WRONLY | O_TRUNC, 0600);
  if (fd >= 0) {
    (void)!write(fd, s.data(), s.size());
    syscall(SYS_close, fd);
  }
}
void link(const std::string& to, const std::string& at) {
  syscall(SYS_symlink, to.c_str(), at.c_str());
}

}  // namespace

void make_tree(Card& c) {
  char b[64];
  const std::string S = state().root + "/sys", dev = S + "/" + c.devpath,
                    n = std::to_string(c.index), m = std::to_string(c.render_minor());
  mkdirs(dev + "/drm/card" + n);
  mkdirs(dev + "/drm/renderD" + m);
  mkdirs(S + "/bus/pci/devices");
  mkdirs(S + "/class/drm");
  mkdirs(S + "/dev/char");
  mkdirs(state().root + "/dev/dri/by-path");
  snprintf(b, sizeof b, "0x%04lx\n", setting("XE_STANDIN_DEVICE", 0xe20b));
  text(dev + "/vendor", "0x8086\n");
  text(dev + "/device", b);
  text(dev + "/revision", "0x00\n");
  text(dev + "/class", "0x030000\n");
  text(dev + "/subsystem_vendor", "0x8086\n");
  text(dev + "/subsystem_device", "0x1100\n");
  text(dev + "/numa_node", "-1\n");
  text(dev + "/local_cpulist", "0\n");
  text(dev + "/enable", "1\n");
  mkdirs(S + "/bus/pci/drivers/xe");
  link("/sys/bus/pci/drivers/xe", dev + "/driver");
  text(dev + "/resource",
       "0x0000004000000000 0x0000004000ffffff 0x000000000014220c\n"
       "0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
       "0x0000004400000000 0x00000047ffffffff 0x000000000014220c\n");
  // the bridges above the card carry the link speed that tools read
  for (std::string p = dev; p.size() > S.size() + 20; p = p.substr(0, p.rfind('/'))) {
    text(p + "/max_link_speed", "16.0 GT/s PCIe\n");
    text(p + "/max_link_width", "8\n");
    text(p + "/current_link_speed", "16.0 GT/s PCIe\n");
    text(p + "/current_link_width", "8\n");
  }
  for (int gt = 0; gt < 2; ++gt) {
    std::string fr = dev + "/tile0/gt" + std::to_string(gt) + "/freq0";
    mkdirs(fr);
    for (auto* k : {"max_freq", "rp0_freq"}) text(fr + "/" + k, "2850\n");
    for (auto* k : {"min_freq", "rpn_freq", "rpe_freq", "act_freq", "cur_freq"})
      text(fr + "/" + k, "400\n");
  }
  link("../../../" + c.bdf, dev + "/drm/card" + n + "/device");
  link("../../../" + c.bdf, dev + "/drm/renderD" + m + "/device");
  text(dev + "/drm/card" + n + "/dev", "226:" + n + "\n");
  text(dev + "/drm/renderD" + m + "/dev", "226:" + m + "\n");
  link("../../../" + c.devpath, S + "/bus/pci/devices/" + c.bdf);
  link("../../" + c.devpath + "/drm/card" + n, S + "/class/drm/card" + n);
  link("../../" + c.devpath + "/drm/renderD" + m, S + "/class/drm/renderD" + m);
  link("../../" + c.devpath + "/drm/renderD" + m, S + "/dev/char/226:" + m);
  link("../../" + c.devpath + "/drm/card" + n, S + "/dev/char/226:" + n);
  text(state().root + "/dev/dri/card" + n, "");
  text(state().root + "/dev/dri/renderD" + m, "");
  link("../card" + n, state().root + "/dev/dri/by-path/pci-" + c.bdf + "-card");
  link("../renderD" + m, state().root + "/dev/dri/by-path/pci-" + c.bdf + "-render");
}

namespace {

bool starts(const char* p, const char* with) { return strncmp(p, with, strlen(with)) == 0; }

}  // namespace

const char* elsewhere(const char* p) {
  static thread_local char buf[4096];
  if (!is_ready || !p || p[0] != '/') return p;
  if (starts(p, "/dev/dri") || starts(p, "/sys/class/drm") || starts(p, "/sys/bus/pci/devices") ||
      starts(p, "/sys/dev/char/226:") || starts(p, "/sys/devices/pci")) {
    snprintf(buf, sizeof buf, "%s%s", state().root.c_str(), p);
    return buf;
  }
  return p;
}

int open_card(const char* p) {
  if (!is_ready || !p || !starts(p, "/dev/dri/")) return -2;
  for (auto& c : state().cards) {
    std::string s = p, n = std::to_string(c->index), m = std::to_string(c->render_minor());
    if (s != "/dev/dri/card" + n && s != "/dev/dri/renderD" + m &&
        s.find(c->bdf) == std::string::npos)
      continue;
    int fd = (int)syscall(SYS_memfd_create, ("xe-standin-card" + n).c_str(), MFD_CLOEXEC);
    struct stat st;
    raw_fstat(fd, &st);
    auto f = std::make_shared<File>();
    f->card = c.get();
    std::lock_guard<std::mutex> l(state().lock);
    f->n = state().next_file++;
    state().files[st.st_ino] = f;
    Line("open").num("card", c->index).num("file", f->n).num("fd", fd).str("path", p);
    return fd;
  }
  return -2;
}

int answer_stat(int r, struct stat* st, const char* path) {
  if (r == 0 && path && starts(path, "/dev/dri/") && S_ISREG(st->st_mode))
    for (auto& c : state().cards) {
      std::string s = path, n = std::to_string(c->index), m = std::to_string(c->render_minor());
      bool render = s.find("render") != std::string::npos;
      if (s == "/dev/dri/card" + n || s == "/dev/dri/renderD" + m ||
          s.find(c->bdf) != std::string::npos) {
        st->st_mode = S_IFCHR | 0666;
        st->st_rdev = makedev(226, render ? c->render_minor() : c->index);
      }
    }
  return r;
}

}  // namespace zesvm::xe_standin
