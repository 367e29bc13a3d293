#include <gmock/gmock.h>
#include <sys/stat.h>

#include <cstring>

#include "tests/cli/program_under_test.h"

using namespace weft::cli_test;
using ::testing::HasSubstr;

namespace {

std::string safetensors(const std::string& header, std::size_t dataBytes) {
  std::string text(8, '\0');
  for (int i = 0; i < 8; ++i) text[static_cast<std::size_t>(i)] = static_cast<char>(header.size() >> (8 * i) & 0xff);
  return text + header + std::string(dataBytes, '\0');
}

class Files : public ::testing::Test {
 protected:
  std::string file(const std::string& name, const std::string& content) {
    EXPECT_TRUE(weft::writeFileAtomically(m_folder.path() / name, content));
    return (m_folder.path() / name).string();
  }
  weft::TemporaryFolder m_folder = weft::TemporaryFolder::create().value();
};

}  // namespace

using TokenizeVerb = Files;
using InspectVerb = Files;

TEST_F(TokenizeVerb, PrintsOneLineADocument) {
  const Outcome outcome = runWeft({"tokenize", file("two.jsonl", "{\"text\": \"ab\"}\n{\"text\": \"\"}\n")});
  ASSERT_TRUE(succeeded(outcome));
  EXPECT_EQ(outcome.out, "{\"ids\":[97,98]}\n{\"ids\":[]}\n");
}

TEST_F(TokenizeVerb, ReadsStandardInput) { EXPECT_EQ(runWeft({"tokenize", "-"}, "ab").out, "{\"ids\":[97,98]}\n"); }

TEST_F(TokenizeVerb, RefusesWhatItCannotRead) {
  EXPECT_TRUE(isOneSentenceOfBadInput(runWeft({"tokenize", "/nowhere.txt"})));
  EXPECT_TRUE(isOneSentenceOfBadInput(runWeft({"tokenize", file("a.pdf", "x")})));
  EXPECT_TRUE(isOneSentenceOfBadInput(runWeft({"tokenize", "--tokenizer", "/nowhere.json", file("a.txt", "x")})));
  const Outcome none =
      runWeft({"tokenize", "--tokenizer", file("t.json", "{\"model\": {\"type\": \"Unigram\"}}"), file("a.txt", "x")});
  EXPECT_TRUE(isOneSentenceOfBadInput(none));
  EXPECT_THAT(none.err, HasSubstr("t.json"));
}

TEST_F(InspectVerb, ReadsTheHeaderOfASafetensorsFile) {
  const std::string header =
      R"({"__metadata__": {"format": "pt"}, "a": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}})";
  const Outcome outcome = runWeft({"inspect", file("m.safetensors", safetensors(header, 24)), "--json"});
  ASSERT_TRUE(succeeded(outcome));
  EXPECT_EQ(outcome.json()["kind"], "safetensors");
  EXPECT_EQ(outcome.json()["elements"], 6);
  EXPECT_EQ(outcome.json()["tensors"][0]["shape"], nlohmann::json({2, 3}));
  const Outcome truncated = runWeft({"inspect", file("t.safetensors", safetensors(header, 23))});
  EXPECT_TRUE(isOneSentenceOfBadInput(truncated));
  EXPECT_THAT(truncated.err, HasSubstr("truncated"));
}

TEST_F(TokenizeVerb, SaysHowManyBytesWereNoUtf8) {
  const Outcome outcome = runWeft({"tokenize", file("latin1.txt", "caf\xE9 cr\xE8me\n")});
  ASSERT_TRUE(succeeded(outcome));
  EXPECT_THAT(outcome.err, HasSubstr("latin1.txt' is not all UTF-8: 2 bytes of it, the first in line 1"));
  EXPECT_EQ(runWeft({"tokenize", file("fine.txt", "fine\n")}).err.find("UTF-8"), std::string::npos);
}

TEST_F(InspectVerb, NeverWaitsForAPipeAndReadsNoDevice) {
  for (const char* name : {"m.safetensors", "t.json", "c.toml", "s.bin"}) {
    const std::string pipe = (m_folder.path() / name).string();
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    EXPECT_TRUE(isOneSentenceOfBadInput(runWeft({"inspect", pipe})));
    EXPECT_THAT(runWeft({"inspect", pipe}).err, HasSubstr("is a pipe, not a file"));
    EXPECT_TRUE(isOneSentenceOfBadInput(runWeft({"map", "@" + pipe})));
    EXPECT_TRUE(isOneSentenceOfBadInput(runWeft({"tokenize", "--tokenizer", pipe, file("a.txt", "x")})));
    EXPECT_TRUE(isOneSentenceOfBadInput(runWeft({"cost", "--config", pipe})));
    EXPECT_TRUE(isOneSentenceOfBadInput(runWeft({"eval", "m", "--text", pipe})));
  }
  EXPECT_TRUE(isOneSentenceOfBadInput(runWeft({"inspect", "/dev/zero"})));
}

TEST_F(InspectVerb, RefusesSafetensorsAsImportDoes) {
  const auto entry = [](const std::string& name, const std::string& shape, int begin, int end) {
    return "\"" + name + "\":{\"dtype\":\"F32\",\"shape\":" + shape + ",\"data_offsets\":[" + std::to_string(begin) +
           "," + std::to_string(end) + "]}";
  };
  const std::string a = entry("a", "[2]", 0, 8);
  for (const auto& [content, says] : std::vector<std::pair<std::string, const char*>>{
           {safetensors("{" + a + "," + a + "}", 8), "twice"},
           {safetensors("{" + a + "," + entry("b", "[2]", 4, 12) + "}", 12), "overlap"},
           {safetensors("{" + a + "," + entry("b", "[2]", 0, 8) + "}", 8), "overlap"},
           {safetensors("{" + a + "," + entry("b", "[2]", 12, 20) + "}", 20), "hole"},
           {safetensors("{" + a + "}", 9), "behind its last tensor"},
           {safetensors("{\"__metadata__\":{\"k\":1}," + a + "}", 8), "no string"},
           {"version https://git-lfs.github.com/spec/v1\noid sha256:aa\nsize 1234\n", "Git LFS pointer"}}) {
    const Outcome outcome = runWeft({"inspect", file("m.safetensors", content)});
    EXPECT_TRUE(isOneSentenceOfBadInput(outcome)) << says;
    EXPECT_THAT(outcome.err, HasSubstr(says));
  }
  const std::string eight = R"({"a":{"dtype":"F8_E4M3","shape":[4],"data_offsets":[0,4]}})";
  EXPECT_EQ(runWeft({"inspect", file("m.safetensors", safetensors(eight, 4)), "--json"}).json()["tensors"][0]["dtype"],
            "F8_E4M3");
}

TEST_F(InspectVerb, RefusesSafetensorsThatLie) {
  const auto refuses = [&](const std::string& content) {
    return isOneSentenceOfBadInput(runWeft({"inspect", file("m.safetensors", content)}));
  };
  EXPECT_TRUE(refuses(""));
  EXPECT_TRUE(refuses("short"));
  EXPECT_TRUE(refuses(std::string(8, '\xff') + "{}"));
  EXPECT_TRUE(refuses(safetensors("[]", 0)));
  EXPECT_TRUE(refuses(safetensors("{", 0)));
  EXPECT_TRUE(refuses(safetensors(std::string(200000, '['), 0)));
  for (const char* entry : {"1", "{}", R"({"dtype": "F99", "shape": [1], "data_offsets": [0, 4]})",
                            R"({"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]})",
                            R"({"dtype": "F32", "shape": [2], "data_offsets": [0, 4]})",
                            R"({"dtype": "F32", "shape": [1], "data_offsets": [4, 0]})",
                            R"({"dtype": "F32", "shape": [4611686018427387904, 4], "data_offsets": [0, 0]})",
                            R"({"dtype": "F32", "shape": [1], "data_offsets": [0, 18446744073709551615]})"}) {
    EXPECT_TRUE(refuses(safetensors(std::string("{\"a\": ") + entry + "}", 4))) << entry;
  }
}

TEST_F(InspectVerb, KnowsConfigurationsAndRefusesTheUnknown) {
  const Outcome config =
      runWeft({"inspect", file("run.toml", "name = \"x\"\n[model]\nsharing = \"cla2\"\n"), "--json"});
  ASSERT_TRUE(succeeded(config));
  EXPECT_EQ(config.json()["kind"], "config");
  EXPECT_EQ(config.json()["generator"], "cla2");
  EXPECT_TRUE(isOneSentenceOfBadInput(runWeft({"inspect", file("notes.txt", "hello")})));
  EXPECT_TRUE(isOneSentenceOfBadInput(runWeft({"inspect", file("shard.bin", "WEFTTOK1 and then nothing")})));
  EXPECT_TRUE(isOneSentenceOfBadInput(runWeft({"inspect", file("foreign.db", std::string("SQLite format 3\0", 16))})));
  EXPECT_TRUE(isOneSentenceOfBadInput(runWeft({"inspect", "/nowhere"})));
  EXPECT_TRUE(isOneSentenceOfBadInput(runWeft({"inspect", m_folder.path().string()})));
}
