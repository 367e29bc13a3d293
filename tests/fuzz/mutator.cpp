#include "tests/fuzz/mutator.h"

#include <algorithm>
#include <limits>

namespace weft::fuzz {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kMarks("{}[]\",:\\0123456789-_.=+#'e ntf\n\r\t\0\x7F\xC3\xE2\xFF", 39);

void collect(Json& value, std::vector<Json*>& nodes) {
  nodes.push_back(&value);
  if (!value.is_structured()) return;
  for (Json& child : value) collect(child, nodes);
}

}  // namespace

std::string Mutator::bytes(std::string content, const std::vector<std::string>& words) {
  const std::size_t times = 1 + below(4);
  for (std::size_t i = 0; i < times; ++i) changeOnce(content, words);
  return content;
}

void Mutator::changeOnce(std::string& content, const std::vector<std::string>& words) {
  const std::size_t at = below(content.size() + 1);
  switch (below(content.empty() ? 3 : 9)) {
    case 0:
      content.insert(at, 1, kMarks[below(kMarks.size())]);
      return;
    case 1:
    case 2:
      if (words.empty()) {
        content.insert(at, 1, static_cast<char>(below(256)));
      } else {
        content.insert(at, oneOf(words));
      }
      return;
    case 3:
      content[at % content.size()] = static_cast<char>(below(256));
      return;
    case 4:
      content[at % content.size()] = kMarks[below(kMarks.size())];
      return;
    case 5:
      content.erase(at, 1 + below(20));
      return;
    case 6:
      content.insert(at, content.substr(below(content.size()), 1 + below(30)));
      return;
    case 7: {
      const std::size_t other = below(content.size());
      std::swap(content[at % content.size()], content[other]);
      return;
    }
    default:
      if (chance(4)) content.resize(at);
      return;
  }
}

std::string Mutator::json(Json value) {
  const std::size_t times = 1 + below(3);
  for (std::size_t i = 0; i < times; ++i) changeOnce(value);
  // Strings cut in the middle of a character: printed as they are, so that the reader sees ill-formed UTF-8 too.
  return value.dump(-1, ' ', chance(2), Json::error_handler_t::ignore);
}

void Mutator::changeOnce(Json& root) {
  std::vector<Json*> nodes;
  collect(root, nodes);
  Json& node = *nodes[below(nodes.size())];
  switch (below(6)) {
    case 0:
      node = strangeValue();
      return;
    case 1: {
      const Json other = *nodes[below(std::min<std::size_t>(nodes.size(), 400))];
      node = other;
      return;
    }
    case 2:
      if (node.is_object() && !node.empty()) {
        node.erase(std::next(node.begin(), static_cast<std::ptrdiff_t>(below(node.size()))));
      } else if (node.is_array() && !node.empty()) {
        node.erase(below(node.size()));
      } else {
        node = nullptr;
      }
      return;
    case 3:
      if (node.is_object()) {
        node[node.empty() || chance(2) ? std::string("other") : node.begin().key() + " "] = strangeValue();
      } else if (node.is_array()) {
        node.push_back(node.empty() || chance(2) ? strangeValue() : Json(node[below(node.size())]));
      } else if (node.is_number_integer()) {
        node = node.get<std::uint64_t>() + (chance(2) ? 1u : ~std::uint64_t{0});  // round the ends too
      } else if (node.is_string()) {
        node = node.get<std::string>() + static_cast<char>('a' + below(26));
      }
      return;
    case 4:
      if (node.is_array() && node.size() > 1) {
        std::swap(node[below(node.size())], node[below(node.size())]);
      } else if (node.is_string() && !node.get_ref<const std::string&>().empty()) {
        auto& text = node.get_ref<std::string&>();
        text.erase(below(text.size()), 1);
      }
      return;
    default:
      if (!node.is_structured()) node = Json::array({node, node});
      return;
  }
}

Json Mutator::strangeValue() {
  static const std::vector<Json> values{nullptr,
                                        true,
                                        false,
                                        0,
                                        1,
                                        -1,
                                        255,
                                        1e300,
                                        -0.0,
                                        0.5,
                                        std::numeric_limits<std::int64_t>::max(),
                                        std::numeric_limits<std::int64_t>::min(),
                                        std::numeric_limits<std::uint64_t>::max(),
                                        std::int64_t{1} << 31,
                                        std::int64_t{1} << 40,
                                        "",
                                        "a",
                                        " ",
                                        "\u00e9\u0301",
                                        std::string("\0\n\x1b[31m", 7),
                                        std::string(5000, 'x'),
                                        Json::array(),
                                        Json::object(),
                                        Json::array({Json::array({Json::object()})}),
                                        Json::object({{"type", "Sequence"}})};
  return oneOf(values);
}

}  // namespace weft::fuzz
