// The verdicts are those of the `safetensors` package 0.8.0 (tests of each file here against it), but for keys that
// stand twice: it takes the last of two tensors of one name.
#include "engine/base/safetensors_header.h"

#include <gmock/gmock.h>

#include "engine/base/files.h"

namespace weft {
namespace {

using ::testing::HasSubstr;

class SafetensorsHeaders : public ::testing::Test {
 protected:
  Result<SafetensorsHeader> read(const std::string& header, std::size_t bufferBytes) {
    std::string content;
    for (int byte = 0; byte < 8; ++byte) content.push_back(static_cast<char>(header.size() >> (8 * byte) & 0xff));
    return readFile(content + header + std::string(bufferBytes, '\0'));
  }
  Result<SafetensorsHeader> readFile(const std::string& content) {
    const std::filesystem::path path = m_folder.path() / "x.safetensors";
    EXPECT_TRUE(writeFileAtomically(path, content));
    WEFT_ASSIGN(const MappedFile file, MappedFile::open(path));
    return readSafetensorsHeader(file, path);
  }
  std::string refusal(const std::string& header, std::size_t bufferBytes) {
    const auto read = this->read(header, bufferBytes);
    return read ? "accepted" : read.error().message;
  }
  TemporaryFolder m_folder = TemporaryFolder::create("weft-header").value();
};

std::string tensor(const std::string& name, const std::string& type, const std::string& shape, int begin, int end) {
  return "\"" + name + "\":{\"dtype\":\"" + type + "\",\"shape\":" + shape + ",\"data_offsets\":[" +
         std::to_string(begin) + "," + std::to_string(end) + "]}";
}
std::string object(const std::string& content) { return "{" + content + "}"; }

TEST_F(SafetensorsHeaders, AreReadInTheOrderOfTheBuffer) {
  const auto header = read(R"({"__metadata__":{"format":"pt"},)" + tensor("b", "BF16", "[2,2]", 8, 16) + "," +
                               tensor("a", "F32", "[2]", 0, 8) + "}",
                           16);
  ASSERT_TRUE(header) << header.error().message;
  ASSERT_EQ(header->tensors.size(), 2u);
  EXPECT_EQ(header->tensors[0].name, "a");
  EXPECT_EQ(header->tensors[1].shape, (std::vector<std::uint64_t>{2, 2}));
  EXPECT_EQ(header->tensors[1].elements(), 4u);
  EXPECT_EQ(header->metadata.at("format"), "pt");
  EXPECT_EQ(header->bufferBegin + 16, header->fileBytes);
}

TEST_F(SafetensorsHeaders, TakeWhatThePackageTakes) {
  const std::string good = tensor("a", "F32", "[2]", 0, 8);
  EXPECT_TRUE(read("{}", 0));
  EXPECT_TRUE(read(object(good) + "   ", 8));
  EXPECT_TRUE(read("\n " + object(good) + "\n", 8));
  EXPECT_TRUE(read(R"({"__metadata__":null,)" + good + "}", 8));
  EXPECT_TRUE(read(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"more":[[[1]]]}})", 8));
  EXPECT_TRUE(read(object(tensor("a", "F32", "[]", 0, 4)), 4)) << "a number alone";
  EXPECT_TRUE(read(object(tensor("a", "F32", "[0,3]", 0, 0)), 0));
  EXPECT_TRUE(read(object(good + "," + tensor("z", "F32", "[0]", 8, 8) + "," + tensor("b", "F32", "[1]", 8, 12)), 12));
  EXPECT_TRUE(read(object(tensor("", "F32", "[2]", 0, 8)), 8)) << "a name without letters";
  EXPECT_TRUE(read(object(tensor("a", "F32", "[0,1099511627776,1099511627776]", 0, 0)), 0));
  EXPECT_TRUE(read(R"({"a":["F32",[2],[0,8]]})", 8));
  std::string many = "[1";
  for (int i = 0; i < 69; ++i) many += ",1";
  EXPECT_TRUE(read(object(tensor("a", "F32", many + "]", 0, 4)), 4));
}

TEST_F(SafetensorsHeaders, KnowEveryTypeOfTheFormat) {
  for (const char* type : {"BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ"})
    EXPECT_TRUE(read(object(tensor("a", type, "[8]", 0, 8)), 8)) << type;
  for (const char* type : {"I16", "U16", "F16", "BF16"})
    EXPECT_TRUE(read(object(tensor("a", type, "[4]", 0, 8)), 8)) << type;
  for (const char* type : {"I32", "U32", "F32"}) EXPECT_TRUE(read(object(tensor("a", type, "[2]", 0, 8)), 8)) << type;
  for (const char* type : {"I64", "U64", "F64", "C64"})
    EXPECT_TRUE(read(object(tensor("a", type, "[1]", 0, 8)), 8)) << type;
  EXPECT_TRUE(read(object(tensor("a", "F4", "[2]", 0, 1)), 1));
  EXPECT_TRUE(read(object(tensor("a", "F6_E2M3", "[4]", 0, 3)), 3));
  EXPECT_THAT(refusal(object(tensor("a", "F4", "[1]", 0, 1)), 1), HasSubstr("no whole bytes"));
  for (const char* type : {"F31", "f32", "C128", "F4_E2M1", "I4", ""})
    EXPECT_THAT(refusal(object(tensor("a", type, "[1]", 0, 4)), 4), HasSubstr("unknown dtype")) << type;
}

TEST_F(SafetensorsHeaders, AreRefusedWithOverlapsHolesAndBytesBehind) {
  const std::string a = tensor("a", "F32", "[2]", 0, 8);
  EXPECT_THAT(refusal(object(a + "," + tensor("b", "F32", "[2]", 4, 12)), 12),
              HasSubstr("hole or an overlap at its tensor \"b\""));
  EXPECT_THAT(refusal(object(a + "," + tensor("b", "F32", "[2]", 0, 8)), 8), HasSubstr("hole or an overlap"));
  EXPECT_THAT(refusal(object(a + "," + tensor("b", "F32", "[2]", 12, 20)), 20), HasSubstr("hole or an overlap"));
  EXPECT_THAT(refusal(object(tensor("a", "F32", "[2]", 4, 12)), 12), HasSubstr("hole or an overlap"));
  EXPECT_THAT(refusal(object(a + "," + tensor("z", "F32", "[0]", 4, 4)), 8), HasSubstr("hole or an overlap"));
  EXPECT_THAT(refusal(object(a), 9), HasSubstr("1 bytes behind its last tensor"));
  EXPECT_THAT(refusal("{}", 1), HasSubstr("1 bytes behind its last tensor"));
  EXPECT_THAT(refusal(object(a), 7), HasSubstr("truncated"));
  EXPECT_THAT(refusal(object(tensor("a", "F32", "[2]", 8, 0)), 8), HasSubstr("by its offsets"));
}

TEST_F(SafetensorsHeaders, AreRefusedWithAKeyThatStandsTwice) {
  const std::string a = tensor("a", "F32", "[2]", 0, 8);
  EXPECT_THAT(refusal(object(a + "," + a), 8), HasSubstr("names \"a\" twice"));
  EXPECT_THAT(refusal(object(a + "," + tensor("a", "U8", "[8]", 0, 8)), 8), HasSubstr("names \"a\" twice"));
  EXPECT_THAT(refusal(R"({"__metadata__":{"k":"1","k":"2"}})", 0), HasSubstr("names \"k\" twice"));
  EXPECT_THAT(refusal(R"({"__metadata__":{},"__metadata__":{}})", 0), HasSubstr("twice"));
  EXPECT_THAT(refusal(R"({"":{"dtype":"F32","dtype":"F32","shape":[],"data_offsets":[0,4]}})", 4), HasSubstr("twice"));
}

TEST_F(SafetensorsHeaders, AreRefusedWithMetadataThatIsNoText) {
  EXPECT_THAT(refusal(R"({"__metadata__":{"a":1}})", 0), HasSubstr("\"a\" is no string"));
  EXPECT_THAT(refusal(R"({"__metadata__":{"a":null}})", 0), HasSubstr("\"a\" is no string"));
  EXPECT_THAT(refusal(R"({"__metadata__":{"a":{"b":"c"}}})", 0), HasSubstr("\"a\" is no string"));
  EXPECT_THAT(refusal(R"({"__metadata__":[]})", 0), HasSubstr("no object"));
  EXPECT_THAT(refusal(R"({"__metadata__":"x"})", 0), HasSubstr("no object"));
}

TEST_F(SafetensorsHeaders, AreRefusedTooLargeTooDeepAndAsNoJson) {
  EXPECT_THAT(
      refusal(object(tensor("a", "F32", "[2]", 0, 8) + ",\"b\":" + std::string(200, '[') + std::string(200, ']')), 8),
      HasSubstr("nests deeper than 127 levels"));
  EXPECT_THAT(refusal(std::string(100'000'001, ' '), 0), HasSubstr("a header has at most 100,000,000"));
  for (const char* header :
       {"", "[]", "{", "{}}", "\xEF\xBB\xBF{}", "{}x", R"({"a":{"dtype":"F32","shape":[NaN],"data_offsets":[0,0]}})",
        R"({"\ud800":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", "{\"\xff\":{}}"})
    EXPECT_THAT(refusal(header, 8), HasSubstr("no JSON object")) << header;
  EXPECT_THAT(refusal(std::string("{}\0", 3), 0), HasSubstr("no JSON object"));
  EXPECT_FALSE(readFile("short"));
}

TEST_F(SafetensorsHeaders, SayWhenThereIsOnlyAPointerToTheFile) {
  const auto header =
      readFile("version https://git-lfs.github.com/spec/v1\noid sha256:" + std::string(64, 'a') + "\nsize 1234\n");
  ASSERT_FALSE(header);
  EXPECT_THAT(header.error().message, HasSubstr("is a Git LFS pointer, not the file itself; `git lfs pull`"));
}

}  // namespace
}  // namespace weft
