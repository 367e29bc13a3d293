#include "engine/data/dataset.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cmath>
#include <thread>
#include <vector>

#include "engine/data/token_shard.h"
#include "engine/data/tokenizer.h"
#include "tests/data/test_files.h"

namespace weft::data {
namespace {

namespace fs = std::filesystem;

class Datasets : public test::DataTest {
 protected:
  fs::path shards() const { return folder() / "shards"; }
  config::DataConfig text(std::vector<std::string> files) const {
    return {.source = "text", .files = std::move(files)};
  }
  static std::string contentOf(const fs::path& path) {
    const auto shard = TokenShard::open(path);
    EXPECT_TRUE(shard) << shard.error().message;
    if (!shard) return "";
    EXPECT_TRUE(shard->verify());
    std::string content;
    for (std::int64_t i = 0; i < shard->size(); ++i)
      content += (*shard)[i] == 256 ? '|' : static_cast<char>((*shard)[i]);
    return content;
  }
};

std::string documents(int count) {
  std::string lines;
  for (int i = 0; i < count; ++i) lines += "{\"text\": \"document " + std::to_string(i) + "\"}\n";
  return lines;
}

TEST_F(Datasets, HoldOutTheLastDocuments) {
  config::DataConfig data = text({write("a.jsonl", documents(25)).string(), write("b.jsonl", documents(15)).string()});
  const auto dataset = prepareDataset(data, shards());
  ASSERT_TRUE(dataset) << dataset.error().message;
  EXPECT_EQ(contentOf(dataset->validShard), "document 13|document 14|");  // 5% of 40
  EXPECT_EQ(dataset->validTokens, 24);
  EXPECT_EQ(dataset->validBytes, 22);
  EXPECT_EQ(dataset->validWords, 4);
  EXPECT_EQ(dataset->vocabularySize, 257);
  const std::string train = contentOf(dataset->trainShard);
  EXPECT_EQ(static_cast<std::int64_t>(train.size()), dataset->trainTokens);
  EXPECT_TRUE(train.starts_with("document 0|document 1|"));
  EXPECT_TRUE(train.ends_with("document 12|"));
  EXPECT_FALSE(dataset->entropyFloor_nats);
}

TEST_F(Datasets, SayWhatWasNoUtf8EveryTimeTheyAreAskedFor) {
  const config::DataConfig data =
      text({write("latin1.txt", "a line\ncaf\xE9\nand another one\nand a last line\n").string(),
            write("fine.txt", "fine\n").string()});
  for (const char* round : {"prepared", "found"}) {
    const auto dataset = prepareDataset(data, shards());
    ASSERT_TRUE(dataset) << dataset.error().message;
    ASSERT_EQ(dataset->notes.size(), 1u) << round;
    EXPECT_NE(dataset->notes[0].find("latin1.txt' is not all UTF-8: 1 bytes of it, the first in line 2"),
              std::string::npos)
        << dataset->notes[0];
  }
}

TEST_F(Datasets, HoldOutTheEndOfASingleTextCutAtALine) {
  std::string lines;
  for (int i = 0; i < 100; ++i) lines += "line " + std::to_string(i) + " of the text\n";
  config::DataConfig data = text({write("a.txt", lines).string()});
  data.validFraction = 0.1;
  const auto dataset = prepareDataset(data, shards());
  ASSERT_TRUE(dataset) << dataset.error().message;
  const std::string train = contentOf(dataset->trainShard), valid = contentOf(dataset->validShard);
  EXPECT_TRUE(valid.starts_with("line ")) << valid.substr(0, 20);
  EXPECT_TRUE(train.ends_with("of the text\n|"));
  EXPECT_EQ(train.substr(0, train.size() - 1) + valid.substr(0, valid.size() - 1), lines);
  EXPECT_NEAR(static_cast<double>(valid.size()), 0.1 * static_cast<double>(lines.size()), 25);
}

TEST_F(Datasets, HoldOutPartOfTheLastOfAFewTexts) {
  const std::string page(1000, 'x');
  config::DataConfig data = text({write("a.txt", page).string(), write("b.txt", page).string()});
  const auto dataset = prepareDataset(data, shards());
  ASSERT_TRUE(dataset) << dataset.error().message;
  EXPECT_EQ(dataset->validBytes, 100);  // 5% of both
}

TEST_F(Datasets, NeverCutAMultibyteCharacter) {
  std::string text_;
  for (int i = 0; i < 1000; ++i) text_ += "日";
  for (const double fraction : {0.05, 0.0503, 0.0507}) {
    config::DataConfig data = text({write("a.txt", text_).string()});
    data.validFraction = fraction;
    const auto dataset = prepareDataset(data, shards());
    ASSERT_TRUE(dataset);
    EXPECT_EQ(contentOf(dataset->validShard).substr(0, 3), "日");
  }
}

TEST_F(Datasets, TakeFilesOfTheirOwnForTheHeldOutPart) {
  config::DataConfig data = text({write("a.jsonl", documents(3)).string()});
  data.validFiles = {write("v.txt", "held out").string()};
  const auto dataset = prepareDataset(data, shards());
  ASSERT_TRUE(dataset) << dataset.error().message;
  EXPECT_EQ(contentOf(dataset->trainShard), "document 0|document 1|document 2|");
  EXPECT_EQ(contentOf(dataset->validShard), "held out|");
}

TEST_F(Datasets, GiveTheUnigramPerplexityOfAddOneCounts) {
  config::DataConfig data = text({write("a.txt", "aab").string()});
  data.validFiles = {write("v.txt", "abc").string()};
  const auto dataset = prepareDataset(data, shards());
  ASSERT_TRUE(dataset);
  // Training: a a b end, 4 tokens of a vocabulary of 257. Held out: a, b, c, end.
  const double all = 4 + 257;
  const double expected =
      std::exp(-(std::log(3 / all) + std::log(2 / all) + std::log(1 / all) + std::log(2 / all)) / 4);
  EXPECT_NEAR(dataset->unigramPerplexity, expected, 1e-9 * expected);
}

TEST_F(Datasets, ArePreparedOnce) {
  const config::DataConfig data = text({write("a.jsonl", documents(100)).string()});
  const auto first = prepareDataset(data, shards());
  ASSERT_TRUE(first);
  const fs::file_time_type time = fs::last_write_time(first->trainShard);
  bool isReported = false;
  const auto second = prepareDataset(data, shards(), [&](double, const std::string&) { isReported = true; });
  ASSERT_TRUE(second);
  EXPECT_FALSE(isReported);
  EXPECT_EQ(fs::last_write_time(second->trainShard), time);
  EXPECT_EQ(second->fingerprint, first->fingerprint);
  EXPECT_EQ(second->validBytes, first->validBytes);
  EXPECT_EQ(second->validWords, first->validWords);
  EXPECT_EQ(second->trainTokens, first->trainTokens);
  EXPECT_EQ(second->validTokens, first->validTokens);
  EXPECT_EQ(second->unigramPerplexity, first->unigramPerplexity);
  EXPECT_EQ(second->vocabularySize, first->vocabularySize);
}

TEST_F(Datasets, HaveAFingerprintOfAllThatCouldChangeThem) {
  const fs::path file = write("a.jsonl", documents(100));
  config::DataConfig data = text({file.string()});
  const auto fingerprint = [&] {
    const auto dataset = prepareDataset(data, shards());
    EXPECT_TRUE(dataset) << dataset.error().message;
    return dataset ? dataset->fingerprint : "";
  };
  const std::string first = fingerprint();
  fs::last_write_time(file, fs::last_write_time(file) + std::chrono::seconds(1));
  const std::string touched = fingerprint();
  EXPECT_NE(touched, first);
  const fs::file_time_type time = fs::last_write_time(file);
  write("a.jsonl", documents(101));
  fs::last_write_time(file, time);
  const std::string resized = fingerprint();
  EXPECT_NE(resized, touched);
  data.validFraction = 0.1;
  const std::string split = fingerprint();
  EXPECT_NE(split, resized);
  data.tokenizer = test::fixture("tiny-tokenizer.json").string();
  EXPECT_NE(fingerprint(), split);
}

TEST_F(Datasets, AreMadeAgainWhenWhatIsThereIsBroken) {
  const config::DataConfig data = text({write("a.jsonl", documents(100)).string()});
  const auto first = prepareDataset(data, shards());
  ASSERT_TRUE(first);
  const std::string whole = test::contentOf(first->trainShard);
  const fs::path json = first->trainShard.parent_path() / "dataset.json";
  const std::vector<std::function<void()>> damages{
      [&] { fs::resize_file(first->trainShard, 100); },
      [&] { fs::remove(first->validShard); },
      [&] { fs::remove(json); },
      [&] { test::writeFile(json, "{\"format\": 1"); },
      [&] {
        test::writeFile(
            json, "{\"format\": 1, \"fingerprint\": \"" + first->fingerprint + "\", \"vocabulary_size\": \"many\"}");
      },
  };
  for (const auto& damage : damages) {
    damage();
    const auto again = prepareDataset(data, shards());
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(test::contentOf(again->trainShard), whole);
  }
}

TEST_F(Datasets, ArePreparedByOneOfManyThreads) {
  config::DataConfig data;
  data.syntheticTokens = 300000;
  std::array<std::optional<Dataset>, 6> datasets;
  std::array<int, 6> preparations{};
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < datasets.size(); ++i) {
    threads.emplace_back([&, i] {
      const auto dataset = prepareDataset(
          data, shards(), [&, i](double, const std::string& what) { preparations[i] += what == "data ready"; });
      if (dataset) datasets[i] = *dataset;
    });
  }
  for (std::thread& thread : threads) thread.join();
  int all = 0;
  for (std::size_t i = 0; i < datasets.size(); ++i) {
    ASSERT_TRUE(datasets[i]);
    EXPECT_EQ(datasets[i]->trainTokens, datasets[0]->trainTokens);
    all += preparations[i];
  }
  EXPECT_EQ(all, 1);
}

TEST_F(Datasets, SurviveTheDeathOfTheProcessThatPreparesThem) {
  config::DataConfig data;
  data.syntheticTokens = 600000;
  const fs::path marker = folder() / "begun";
  const pid_t child = fork();
  if (child == 0) {
    int reports = 0;
    (void)prepareDataset(data, shards(), [&](double, const std::string&) {
      // Dies half way: shards begun, lock held.
      if (++reports == 3) ::_exit(9);
    });
    ::_exit(0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_EQ(WEXITSTATUS(status), 9);
  const auto dataset = prepareDataset(data, shards());
  ASSERT_TRUE(dataset) << dataset.error().message;
  EXPECT_TRUE(TokenShard::open(dataset->trainShard)->verify());
  for (const auto& entry : fs::directory_iterator(dataset->trainShard.parent_path())) {
    EXPECT_EQ(entry.path().string().find("unfinished"), std::string::npos) << entry.path();
  }
}

TEST_F(Datasets, OfTheSyntheticCorpusKnowTheirFloor) {
  config::DataConfig data;
  data.syntheticTokens = 1000000;
  const auto bytes = prepareDataset(data, shards());
  ASSERT_TRUE(bytes) << bytes.error().message;
  EXPECT_NEAR(static_cast<double>(bytes->trainTokens), 950000, 200);
  EXPECT_NEAR(static_cast<double>(bytes->validTokens), 50000, 200);
  EXPECT_EQ(bytes->validBytes, bytes->validTokens);
  ASSERT_TRUE(bytes->entropyFloor_nats);
  EXPECT_GT(bytes->unigramPerplexity, 3 * std::exp(*bytes->entropyFloor_nats));

  // The same text in other tokens has the same entropy per byte.
  data.tokenizer = test::fixture("tiny-tokenizer.json").string();
  const auto tokens = prepareDataset(data, shards());
  ASSERT_TRUE(tokens) << tokens.error().message;
  const double perByte =
      *tokens->entropyFloor_nats * static_cast<double>(tokens->validTokens) / static_cast<double>(tokens->validBytes);
  EXPECT_NEAR(perByte, *bytes->entropyFloor_nats, 0.03 * perByte);
}

TEST_F(Datasets, RefuseWhatGivesNoSequence) {
  test::expectError(prepareDataset(text({}), shards()), ErrorCode::InvalidInput, "data.files is empty");
  test::expectError(prepareDataset(text({(folder() / "none.txt").string()}), shards()), ErrorCode::NotFound,
                    "none.txt");
  test::expectError(prepareDataset(text({folder().string()}), shards()), ErrorCode::InvalidInput, "not a file");
  test::expectError(prepareDataset(text({write("empty.txt", "").string()}), shards()), ErrorCode::InvalidInput,
                    "too little text");
  test::expectError(prepareDataset(text({write("bad.jsonl", "{}\n").string()}), shards()), ErrorCode::Corrupt,
                    "line 1");
  config::DataConfig data = text({write("a.txt", "some text\nand more\n").string()});
  data.tokenizer = "none.json";
  test::expectError(prepareDataset(data, shards()), ErrorCode::NotFound, "none.json");
  data = {.source = "web"};
  test::expectError(prepareDataset(data, shards()), ErrorCode::InvalidInput, "data.source");
  for (const double fraction : {0.0, 1.0, -0.5, std::nan("")}) {
    data = {.validFraction = fraction};
    test::expectError(prepareDataset(data, shards()), ErrorCode::InvalidInput, "valid_fraction");
  }
  for (const auto& entry : fs::directory_iterator(shards()))
    EXPECT_EQ(entry.path().extension(), ".lock") << entry.path();
}

}  // namespace
}  // namespace weft::data
