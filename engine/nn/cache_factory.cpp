#include "engine/nn/cache_factory.h"

#include <dlfcn.h>
#include <elf.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/version.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/files.h"
#include "engine/base/text.h"
#include "engine/nn/dense_kv_cache.h"

namespace weft::nn {

namespace {

namespace fs = std::filesystem;

std::vector<fs::path> pluginFolders() {
  std::vector<fs::path> folders;
  if (const char* path = std::getenv("WEFT_PLUGIN_PATH")) {
    for (const std::string& folder : split(path, ':')) {
      if (!folder.empty()) folders.emplace_back(folder);
    }
  }
  folders.push_back(executableFolder() / "plugins");
  folders.push_back(executableFolder().parent_path() / "lib" / "weft" / "plugins");
  return folders;
}

// Names of the plugins in these folders: weft_NAME.so.
std::vector<std::string> pluginsIn(const std::vector<fs::path>& folders) {
  std::vector<std::string> names;
  for (const fs::path& folder : folders) {
    std::error_code error;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
      const std::string file = entry.path().filename().string();
      if (file.starts_with("weft_") && file.ends_with(".so")) names.push_back(file.substr(5, file.size() - 8));
    }
  }
  return names;
}

// Whether the file has all that its ELF header says: the section headers stand at its end. The loader of the system
// does not ask; of a file that was copied by half it maps pages that are not there and ends the process with SIGBUS.
bool isCutShort(const fs::path& file) {
  const Result<InputFile> input = InputFile::open(file);
  Elf64_Ehdr header{};
  if (!input || input->readAt(0, &header, sizeof header).value_or(0) < sizeof header ||
      std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
    return false;  // dlopen says it
  const std::uintmax_t size = input->size();
  const std::uintmax_t sections = std::uintmax_t{header.e_shnum} * header.e_shentsize;
  return header.e_shoff > size || sections > size - header.e_shoff;
}

Result<std::optional<at::ScalarType>> parseStoredType(const std::string& name) {
  constexpr std::pair<const char*, at::ScalarType> kTypes[] = {
      {"float32", at::kFloat}, {"bfloat16", at::kBFloat16}, {"float16", at::kHalf}, {"float64", at::kDouble}};
  if (name == "model") return std::nullopt;
  for (const auto& [known, type] : kTypes) {
    if (name == known) return type;
  }
  return fail(ErrorCode::InvalidInput,
              fmt::format("cache.dtype is \"{}\"; it must be model, float32, bfloat16, float16 or float64.", name));
}

Result<void> checkHandshake(const KvCachePlugin& plugin, const std::string& name) {
  if (plugin.magic != KvCachePlugin::kMagic) {
    return fail(
        ErrorCode::Unsupported,
        fmt::format("The plugin {} is no KV-cache plugin of Weft: its handshake does not begin with the magic number.",
                    name));
  }
  if (plugin.api != KvCachePlugin::kApi) {
    return fail(ErrorCode::Unsupported,
                fmt::format("The plugin {} speaks version {} of the plugin interface, this Weft speaks {}; rebuild it.",
                            name, plugin.api, KvCachePlugin::kApi));
  }
  // A plugin may have left these texts out.
  const auto text = [](const char* given) { return std::string_view(given ? given : "an unknown version"); };
  if (text(plugin.torchVersion) != TORCH_VERSION) {
    return fail(ErrorCode::Unsupported,
                fmt::format("The plugin {} was built for torch {}, this is torch {}; rebuild it.", name,
                            text(plugin.torchVersion), TORCH_VERSION));
  }
  if (text(plugin.compiler) != __VERSION__) {
    return fail(ErrorCode::Unsupported,
                fmt::format("The plugin {} was built with the compiler {}, Weft with {}; rebuild it.", name,
                            text(plugin.compiler), __VERSION__));
  }
  if (!plugin.create)
    return fail(ErrorCode::Unsupported, fmt::format("The plugin {} has no function that makes a cache.", name));
  return {};
}

}  // namespace

Result<CacheFactory> CacheFactory::create(const std::string& name, const std::string& dtype) {
  CacheFactory factory;
  factory.m_name = name;
  WEFT_ASSIGN(factory.m_storedType, parseStoredType(dtype));
  if (name.empty()) return factory;
  if (name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") != std::string::npos) {
    return fail(ErrorCode::InvalidInput,
                fmt::format("\"{}\" is no plugin name; a name has letters, digits, _ and -.", name));
  }
  const std::vector<fs::path> folders = pluginFolders();
  for (const fs::path& folder : folders) {
    const fs::path file = folder / fmt::format("weft_{}.so", name);
    std::error_code error;
    if (!fs::exists(file, error)) continue;
    WEFT_TRY(InputFile::open(file));
    if (isCutShort(file))
      return fail(ErrorCode::Unsupported,
                  fmt::format("The plugin {} cannot be loaded: {} is cut short.", name, file.string()));
    void* library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!library)
      return fail(ErrorCode::Unsupported, fmt::format("The plugin {} cannot be loaded: {}.", name, dlerror()));
    using Handshake = const KvCachePlugin* (*)();
    const auto handshake = reinterpret_cast<Handshake>(dlsym(library, "weft_kv_cache_plugin"));
    if (!handshake)
      return fail(ErrorCode::Unsupported,
                  fmt::format("{} is no KV-cache plugin of Weft: it exports no weft_kv_cache_plugin.", file.string()));
    const KvCachePlugin* plugin = handshake();
    if (!plugin) return fail(ErrorCode::Unsupported, fmt::format("The plugin {} refused the handshake.", name));
    WEFT_TRY(checkHandshake(*plugin, name));
    factory.m_plugin = plugin;
    return factory;
  }
  const std::vector<std::string> known = pluginsIn(folders);
  std::vector<std::string> searched;
  for (const fs::path& folder : folders) searched.push_back(folder.string());
  return fail(ErrorCode::NotFound,
              fmt::format("There is no KV-cache plugin \"{}\" in {}; {}.", name, fmt::join(searched, ", "),
                          known.empty()
                              ? std::string("no plugin at all is there")
                              : fmt::format("there {} {}", known.size() == 1 ? "is" : "are", fmt::join(known, ", "))));
}

std::unique_ptr<KvCache> CacheFactory::make(CacheSpec spec) const {
  if (!m_plugin) spec.dtype = storedType(spec.dtype);
  std::unique_ptr<KvCache> cache = m_plugin ? m_plugin->create(spec) : makeDenseKvCache(spec);
  if (!cache) throw std::runtime_error(fmt::format("the plugin {} made no cache", m_name));
  return cache;
}

}  // namespace weft::nn
