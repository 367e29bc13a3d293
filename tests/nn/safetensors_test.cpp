#include "engine/nn/safetensors.h"

#include <sys/stat.h>

#include <random>

#include "tests/nn/files.h"
#include "tests/torch_checks.h"

namespace weft::nn::test {
namespace {

using weft::test::fixture;
using weft::test::isBitwise;
using weft::test::randomTensor;

// The bytes of a file with this header (its length in front) and this buffer.
std::string fileOf(const std::string& header, const std::string& buffer) {
  std::string content;
  for (int byte = 0; byte < 8; ++byte) content.push_back(static_cast<char>(header.size() >> (8 * byte) & 0xff));
  return content + header + buffer;
}

std::string entry(const std::string& name, const std::string& shape, std::uint64_t begin, std::uint64_t end,
                  const std::string& type = "F32") {
  return fmt::format(R"("{}":{{"dtype":"{}","shape":{},"data_offsets":[{},{}]}})", name, type, shape, begin, end);
}

class Safetensors : public FileTest {
 protected:
  Result<TensorFile> read(const std::string& content) {
    writeFile(path("x.safetensors"), content);
    return readSafetensors(path("x.safetensors"));
  }
  void expectCorrupt(const std::string& content, const std::string& part) {
    expectError(read(content), ErrorCode::Corrupt, part);
  }
};

TEST_F(Safetensors, ComeBackToTheLastBitInEveryTypeAndShape) {
  TensorFile file;
  file.metadata = {{"format", "weft"}, {"note", "naïve \"quotes\" \\ and\nlines"}};
  const torch::Tensor numbers = randomTensor({3, 4, 5}, 1, 50);
  for (const auto type : {torch::kFloat, torch::kDouble, torch::kHalf, torch::kBFloat16, torch::kLong, torch::kInt,
                          torch::kChar, torch::kByte, torch::kBool}) {
    file.tensors.emplace_back(c10::toString(type), numbers.abs().to(type));
  }
  file.tensors.emplace_back("scalar", torch::tensor(2.5));
  file.tensors.emplace_back("empty", torch::empty({3, 0, 2}));
  file.tensors.emplace_back("also empty", torch::empty({0}, torch::kBFloat16));
  file.tensors.emplace_back("transposed", numbers.transpose(0, 2));
  file.tensors.emplace_back("a view", numbers.select(1, 2));
  file.tensors.emplace_back("not finite", torch::tensor({INFINITY, -INFINITY, std::nanf("7"), -0.0f}));
  file.tensors.emplace_back("ünïcode/名前", torch::ones({1}).requires_grad_());
  file.tensors.emplace_back("last and empty", torch::empty({0, 7}));
  ASSERT_TRUE(writeSafetensors(path("x.safetensors"), file));
  const Result<TensorFile> back = readSafetensors(path("x.safetensors"));
  ASSERT_TRUE(back.has_value()) << back.error().message;
  EXPECT_EQ(back->metadata, file.metadata);
  ASSERT_EQ(back->tensors.size(), file.tensors.size());
  for (std::size_t i = 0; i < file.tensors.size(); ++i) {
    const auto& [name, tensor] = file.tensors[i];
    EXPECT_EQ(back->tensors[i].first, name);
    const torch::Tensor& read = back->tensors[i].second;
    ASSERT_EQ(read.sizes(), tensor.sizes()) << name;
    EXPECT_EQ(read.scalar_type(), tensor.scalar_type()) << name;
    const torch::Tensor plain = tensor.detach().contiguous();
    // Bytes, not values: NaN and -0 too.
    EXPECT_TRUE(plain.nbytes() == 0 || std::memcmp(read.const_data_ptr(), plain.const_data_ptr(), plain.nbytes()) == 0)
        << name;
    EXPECT_TRUE(read.is_contiguous() && !read.requires_grad()) << name;
  }
}

TEST_F(Safetensors, BeginTheirBufferAligned) {
  for (const std::string name : {"a", "ab", "abc", "abcd", "abcde"}) {
    ASSERT_TRUE(writeSafetensors(path("x"), {.tensors = {{name, torch::ones({2})}}}));
    const std::string content = contentOf(path("x"));
    EXPECT_EQ((content.size() - 2 * sizeof(float)) % 8, 0u);
  }
}

TEST_F(Safetensors, ReadWhatAnotherProgramWrote) {
  const Result<TensorFile> file = readSafetensors(fixture("decoder/decoder.safetensors"));
  ASSERT_TRUE(file.has_value()) << file.error().message;
  EXPECT_EQ(file->metadata.at("hidden"), "14");
  ASSERT_TRUE(file->find("mha/ids"));
  EXPECT_EQ(file->find("mha/ids")->scalar_type(), torch::kLong);
  EXPECT_EQ(file->find("no such name"), nullptr);
}

TEST_F(Safetensors, ReadTensorsInTheOrderOfTheBufferWhateverTheHeadersOrder) {
  const Result<TensorFile> file =
      read(fileOf("{" + entry("second", "[1]", 4, 8) + "," + entry("first", "[1]", 0, 4) + "}  ",
                  std::string("\0\0\x80\x3f\0\0\0\x40", 8)));
  ASSERT_TRUE(file.has_value()) << file.error().message;
  EXPECT_EQ(file->tensors[0].first, "first");
  EXPECT_EQ(file->tensors[0].second.item<float>(), 1);
  EXPECT_EQ(file->find("second")->item<float>(), 2);
}

TEST_F(Safetensors, ReadAFileWithoutTensors) {
  const Result<TensorFile> file = read(fileOf("{}", ""));
  ASSERT_TRUE(file.has_value()) << file.error().message;
  EXPECT_TRUE(file->tensors.empty());
}

TEST_F(Safetensors, AreCorruptWhereverTheFileWasCutShort) {
  ASSERT_TRUE(writeSafetensors(path("whole"),
                               {.tensors = {{"a", torch::ones({2, 3})}, {"b", torch::ones({5}, torch::kLong)}}}));
  const std::string whole = contentOf(path("whole"));
  ASSERT_TRUE(read(whole).has_value());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const Result<TensorFile> file = read(whole.substr(0, size));
    ASSERT_FALSE(file.has_value()) << size;
    EXPECT_EQ(file.error().code, ErrorCode::Corrupt) << file.error().message;
  }
  expectCorrupt(whole + "x", "1 bytes behind its last tensor");
}

TEST_F(Safetensors, AreCorruptWithALengthThatLies) {
  expectCorrupt("", "it has 0 bytes");
  expectCorrupt("1234567", "it has 7 bytes");
  expectCorrupt(std::string(8, '\0'), "no JSON object");
  expectCorrupt(std::string(8, '\xff'), "its header should have 18446744073709551615 bytes");
  expectCorrupt(std::string("\x01\0\0\0\0\0\0\x80{", 9), "its header should have 9223372036854775809 bytes");
  expectCorrupt(std::string("\x03\0\0\0\0\0\0\0{}", 10), "its header should have 3 bytes");
  std::string large = fileOf(std::string(100'000'001, ' '), "");
  expectCorrupt(large, "its header should have 100000001 bytes");
}

TEST_F(Safetensors, AreCorruptWithoutAJsonObjectInFront) {
  for (const std::string header : {"", " ", "[]", "null", "7", "\"x\"", "{", "{}}", "{\"a\"}", "{'a':1}", "{\"a\":1,}",
                                   "\xff\xfe", "{\"\xff\":{}}"}) {
    expectCorrupt(fileOf(header, ""), "no JSON object");
  }
}

TEST_F(Safetensors, AreCorruptWithATensorThatIsNone) {
  const auto broken = [&](const std::string& tensor, const std::string& part) {
    expectCorrupt(fileOf("{\"a\":" + tensor + "}", "1234"), part);
  };
  broken("1", "has no dtype, shape and data_offsets");
  broken("{}", "has no dtype, shape and data_offsets");
  broken(R"({"dtype":"F32","shape":[1]})", "has no dtype, shape and data_offsets");
  broken(R"({"dtype":"F31","shape":[1],"data_offsets":[0,4]})", "unknown dtype");
  broken(R"({"dtype":4,"shape":[1],"data_offsets":[0,4]})", "unknown dtype");
  broken(R"({"dtype":"F32","shape":1,"data_offsets":[0,4]})", "no list as shape");
  broken(R"({"dtype":"F32","shape":[-1],"data_offsets":[0,4]})", "a size that is no count");
  broken(R"({"dtype":"F32","shape":[1.0],"data_offsets":[0,4]})", "a size that is no count");
  broken(R"({"dtype":"F32","shape":["1"],"data_offsets":[0,4]})", "a size that is no count");
  broken(R"({"dtype":"F32","shape":[null],"data_offsets":[0,4]})", "a size that is no count");
  broken(R"({"dtype":"F32","shape":[18446744073709551616],"data_offsets":[0,4]})", "a size that is no count");
  broken(R"({"dtype":"F32","shape":[1],"data_offsets":[0]})", "no two data_offsets");
  broken(R"({"dtype":"F32","shape":[1],"data_offsets":[0,4,8]})", "no two data_offsets");
  broken(R"({"dtype":"F32","shape":[1],"data_offsets":[-4,0]})", "no two data_offsets");
  broken(R"({"dtype":"F32","shape":[1],"data_offsets":{"0":0}})", "no two data_offsets");
  broken(R"({"dtype":"F32","shape":[1],"data_offsets":[4,0]})", "takes 4 bytes by its shape");
  broken(R"({"dtype":"F32","shape":[2],"data_offsets":[0,4]})", "takes 8 bytes by its shape");
  expectCorrupt(fileOf(R"({"__metadata__":[]})", ""), "__metadata__ is no object");
  expectCorrupt(fileOf(R"({"__metadata__":{"a":1}})", ""), "\"a\" is no string");
}

TEST_F(Safetensors, AreCorruptWithOffsetsBeyondTheFileOverlapsAndHoles) {
  const std::string eight(8, 'x'), twelve(12, 'x');
  expectCorrupt(fileOf("{" + entry("a", "[3]", 0, 12) + "}", eight), "ends at byte 12, and its buffer has 8");
  expectCorrupt(fileOf("{" + entry("a", "[1152921504606846975]", 0, 4) + "}", eight), "is larger than any file");
  expectCorrupt(fileOf("{" + entry("a", "[1]", 1152921504606846972, 1152921504606846976) + "}", eight),
                "ends at byte 1152921504606846976");
  expectCorrupt(fileOf("{" + entry("a", "[2]", 0, 8) + "," + entry("b", "[2]", 4, 12) + "}", twelve),
                "a hole or an overlap");
  expectCorrupt(fileOf("{" + entry("a", "[2]", 0, 8) + "," + entry("b", "[2]", 0, 8) + "}", eight),
                "a hole or an overlap");
  expectCorrupt(fileOf("{" + entry("a", "[1]", 0, 4) + "," + entry("b", "[1]", 8, 12) + "}", twelve),
                "a hole or an overlap");
  expectCorrupt(fileOf("{" + entry("a", "[1]", 4, 8) + "}", eight), "a hole or an overlap");
  expectCorrupt(fileOf("{" + entry("a", "[1]", 0, 4) + "}", eight), "4 bytes behind its last tensor");
  expectCorrupt(fileOf("{" + entry("a", "[0]", 4, 4) + "," + entry("b", "[2]", 0, 8) + "}", eight),
                "a hole or an overlap");
}

TEST_F(Safetensors, AreCorruptWithSizesWhoseProductLeavesTheNumbers) {
  for (const std::string shape :
       {"[4294967296,4294967296]", "[4294967296,4294967296,4294967296,4294967296]",
        "[0,1152921504606846976,1152921504606846976]", "[1152921504606846976,0,1152921504606846976]",
        "[1152921504606846976,1152921504606846976,0]"}) {
    expectCorrupt(fileOf("{" + entry("a", shape, 0, 0) + "}", ""), "is larger than any file");
  }
  std::string many = "[1";
  for (int i = 0; i < 100; ++i) many += ",1";
  expectCorrupt(fileOf("{" + entry("a", many + "]", 0, 4) + "}", "1234"), "more than 64 dimensions");
}

TEST_F(Safetensors, AreCorruptWithANameThatStandsTwice) {
  expectCorrupt(fileOf("{" + entry("a", "[1]", 0, 4) + "," + entry("a", "[1]", 4, 8) + "}", "12345678"),
                "names \"a\" twice");
  expectCorrupt(fileOf(R"({"__metadata__":{"k":"1","k":"2"}})", ""), "names \"k\" twice");
  expectCorrupt(fileOf(R"({"a":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}})", "1234"),
                "names \"dtype\" twice");
}

TEST_F(Safetensors, AreCorruptWhenTheirHeaderNestsDeeply) {
  expectCorrupt(fileOf(std::string(20'000'000, '['), ""), "nests deeper");
  std::string objects;
  for (int i = 0; i < 1'000'000; ++i) objects += "{\"a\":";
  expectCorrupt(fileOf(objects, ""), "nests deeper");
  expectCorrupt(fileOf("{\"a\":" + std::string(127, '[') + std::string(127, ']') + "}", ""), "nests deeper");
  expectCorrupt(fileOf("{\"a\":{\"shape\":[[1]]}}", ""), "has no dtype, shape and data_offsets");
  // Brackets inside a text are text.
  EXPECT_TRUE(read(fileOf(R"({"__metadata__":{"k":"[[[[[[{{{{ \" ]["}})", "")).has_value());
}

TEST_F(Safetensors, NameATypeThatIsNotRead) {
  for (const std::string type : {"F8_E4M3", "F8_E5M2", "U16"}) {
    const std::string bytes = type == "U16" ? "2" : "1";
    expectError(read(fileOf(R"({"a":{"dtype":")" + type + R"(","shape":[1],"data_offsets":[0,)" + bytes + "]}}",
                            type == "U16" ? "xx" : "x")),
                ErrorCode::Unsupported, "\"a\" is stored in " + type + ", which");
  }
}

TEST_F(Safetensors, NeverCrashOnAFileWithChangedBytes) {
  ASSERT_TRUE(writeSafetensors(
      path("whole"),
      {.tensors = {{"a", torch::ones({2, 3})}, {"b", torch::ones({0, 5}, torch::kLong)}, {"c", torch::ones({2})}},
       .metadata = {{"k", "v"}}}));
  const std::string whole = contentOf(path("whole"));
  std::mt19937 random(7);
  int accepted = 0, refused = 0;
  for (int round = 0; round < 3000; ++round) {
    std::string changed = whole;
    for (int change = 0; change < 1 + round % 3; ++change)
      changed[random() % (whole.size() - 8)] = static_cast<char>(random());
    const Result<TensorFile> file = read(changed);
    if (file) {
      ++accepted;
    } else {
      ++refused;
      // A changed letter can make one type another that the format has.
      EXPECT_TRUE(file.error().code == ErrorCode::Corrupt || file.error().code == ErrorCode::Unsupported)
          << file.error().message;
    }
  }
  EXPECT_GT(refused, 1000);
  EXPECT_GT(accepted, 0) << "a changed name or number is still a file";
}

TEST_F(Safetensors, NameAFileThatIsNotThere) {
  expectError(readSafetensors(path("none")), ErrorCode::NotFound, "There is no file");
  expectError(readSafetensors(path("none") / "below"), ErrorCode::NotFound, "There is no file");
  expectError(readSafetensors(folder()), ErrorCode::InvalidInput, "is a folder");
  ASSERT_EQ(mkfifo(path("pipe").c_str(), 0600), 0);
  expectError(readSafetensors(path("pipe")), ErrorCode::InvalidInput, "is a pipe");
}

TEST_F(Safetensors, AreNotWrittenWithoutANameForEveryTensorAndType) {
  const torch::Tensor x = torch::ones({1});
  expectError(writeSafetensors(path("x"), {.tensors = {{"a", x}, {"a", x}}}), ErrorCode::Internal, "\"a\" is taken");
  expectError(writeSafetensors(path("x"), {.tensors = {{"__metadata__", x}}}), ErrorCode::Internal, "is taken");
  expectError(writeSafetensors(path("x"), {.tensors = {{"a", x.to(torch::kComplexFloat)}}}), ErrorCode::Unsupported,
              "ComplexFloat");
  EXPECT_FALSE(fs::exists(path("x")));
}

TEST_F(Safetensors, KeepTheOldFileWhenANewOneCannotBeWritten) {
  ASSERT_TRUE(writeSafetensors(path("x"), {.tensors = {{"a", torch::ones({1})}}}));
  const std::string before = contentOf(path("x"));
  expectError(writeSafetensors(path("x"), {.tensors = {{"a", torch::ones({1}, torch::kComplexFloat)}}}),
              ErrorCode::Unsupported, "ComplexFloat");
  EXPECT_EQ(contentOf(path("x")), before);
  expectError(writeSafetensors(path("none") / "x", {}), ErrorCode::Io, "cannot be written");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder()), {}), 1) << "no temporary file is left";
}

}  // namespace
}  // namespace weft::nn::test
