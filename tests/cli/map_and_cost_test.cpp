#include <gmock/gmock.h>

#include "tests/cli/program_under_test.h"

using namespace weft::cli_test;
using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(MapVerb, AnswersWithTheKeysThatOthersBuildOn) {
  const Outcome outcome = runWeft({"map", "cla3", "--layers", "10", "--json"});
  ASSERT_TRUE(succeeded(outcome));
  const nlohmann::json value = outcome.json();
  EXPECT_EQ(value["layers"], 10);
  EXPECT_EQ(value["k_source"], nlohmann::json({0, 1, 1, 1, 4, 4, 4, 7, 7, 7}));
  EXPECT_EQ(value["v_source"], value["k_source"]);
  EXPECT_EQ(value["producers"], nlohmann::json({0, 1, 4, 7}));
  EXPECT_EQ(value["causal"], true);
  EXPECT_EQ(value["text"], "0_1_1_1_4_4_4_7_7_7");
  EXPECT_EQ(value["generator"], "cla3");
}

TEST(MapVerb, ReadsFilesAndStandardInput) {
  const weft::TemporaryFolder folder = weft::TemporaryFolder::create().value();
  ASSERT_TRUE(weft::writeFileAtomically(folder.path() / "map.txt", "[0, 0, 2, 2]\n"));
  EXPECT_EQ(runWeft({"map", "@" + (folder.path() / "map.txt").string(), "--json"}).json()["text"], "0_0_2_2");
  EXPECT_EQ(runWeft({"map", "-", "--json"}, "k:0_0_2_2 v:0_1_1_3\n").json()["text"], "k:0_0_2_2 v:0_1_1_3");
  EXPECT_TRUE(isOneSentenceOfBadInput(runWeft({"map", "@/nowhere/map.txt"})));
}

TEST(MapVerb, ShowsATableToPeople) {
  EXPECT_THAT(runWeft({"map", "0_0_2"}).out, AllOf(HasSubstr("layer"), HasSubstr("2 of 3 layers")));
}

TEST(MapVerb, CarriesTheSecondEditionInEveryForm) {
  const std::string text = "k:0h4_1d64=_2r0c_0+2 v:0h2_1_2_0:1";
  const Outcome outcome = runWeft({"map", text, "--json"});
  ASSERT_TRUE(succeeded(outcome));
  const nlohmann::json value = outcome.json();
  EXPECT_EQ(value["text"], text);
  EXPECT_EQ(value["v_heads"], nlohmann::json({2, nullptr, nullptr, nullptr}));
  EXPECT_EQ(value["head_widths"], nlohmann::json({nullptr, 64, nullptr, nullptr}));
  EXPECT_EQ(value["v_is_k"], nlohmann::json({false, true, false, false}));
  EXPECT_EQ(value["residuals"][2], (nlohmann::json{{"source", 0}, {"gate", "channel"}}));
  EXPECT_EQ(value["k_reads"][3]["join"], "mixture");
  EXPECT_EQ(value["k_reads"][3]["parts"][1], (nlohmann::json{{"source", 2}, {"first_head", 0}, {"heads", nullptr}}));
  EXPECT_EQ(value["v_reads"][3]["parts"][0], (nlohmann::json{{"source", 0}, {"first_head", 1}, {"heads", 1}}));
  EXPECT_TRUE(value["k_reads"][0].is_null());
  EXPECT_EQ(value["trainable"], false);
  EXPECT_EQ(runWeft({"map", "0_0", "--json"}).json()["trainable"], true);
  EXPECT_THAT(runWeft({"map", text}).out,
              AllOf(HasSubstr("0+2"), HasSubstr("heads 64 wide, V := K"), HasSubstr("not trained or decoded yet")));
  EXPECT_TRUE(isOneSentenceOfBadInput(runWeft({"map", "0_1_0+1", "--as", "lckv"})));
  EXPECT_EQ(runWeft({"map", "0d64", "--compare", "0"}).out,
            "layer 0 has heads 64 wide instead of heads of the model's width\n");
}

TEST(MapVerb, RefusesMapsThatNoModelCouldRun) {
  const Outcome later = runWeft({"map", "0_2_2"});
  EXPECT_TRUE(isOneSentenceOfBadInput(later));
  EXPECT_THAT(later.err, AllOf(HasSubstr("comes later"), HasSubstr("'0_0_2' would be valid")));
  const Outcome chain = runWeft({"map", "0_0_1"});
  EXPECT_TRUE(isOneSentenceOfBadInput(chain));
  EXPECT_THAT(chain.err, HasSubstr("produces none"));
  for (const char* text : {"", "x", "0_", "0_5", "[0", "cla2", "0_0h3", "0s0", "0_0+", "0_0d4", "0_0=", "0r0"})
    EXPECT_TRUE(isOneSentenceOfBadInput(runWeft({"map", text}))) << text;
}

TEST(MapVerb, AcceptsUpwardReadsOnPurpose) {
  const Outcome outcome = runWeft({"map", "0_2_2", "--allow-upward", "--json"});
  ASSERT_TRUE(succeeded(outcome));
  EXPECT_EQ(outcome.json()["causal"], false);
}

TEST(MapVerb, ComparesTwoMapsLayerByLayer) {
  EXPECT_EQ(runWeft({"map", "0_0_2_2", "--compare", "0_1_2_2"}).out,
            "layer 1 reads K and V from layer 0 instead of its own\n");
  const nlohmann::json value = runWeft({"map", "0_0_2_2", "--compare", "cla4", "--json"}).json();
  EXPECT_EQ(value["text"], "0_0_2_2");
  ASSERT_EQ(value["differences"].size(), 2u);
  EXPECT_EQ(value["differences"][0]["layer"], 2);
  EXPECT_EQ(runWeft({"map", "0_0", "--compare", "cla2"}).out, "The maps are the same.\n");
}

TEST(MapVerb, ReadsAndWritesTheFormsOfOtherProjects) {
  EXPECT_EQ(runWeft({"map", R"({"num_hidden_layers": 8, "cla_share_factor": 4, "hidden_size": 64})", "--json"})
                .json()["generator"],
            "cla4");
  EXPECT_EQ(runWeft({"map", "cla4", "--layers", "8", "--as", "sharing-pattern"}).out,
            "{\"sharing_pattern\":[0,0,0,0,4,4,4,4]}\n");
  EXPECT_TRUE(isOneSentenceOfBadInput(runWeft({"map", "0_0s", "--as", "mlkv"})));
  EXPECT_TRUE(isOneSentenceOfBadInput(runWeft({"map", "0_0", "--as", "nobody"})));
  EXPECT_TRUE(isOneSentenceOfBadInput(runWeft({"map", R"({"layer_types": 3})"})));
}

TEST(MapVerb, ListsThePatterns) {
  const nlohmann::json list = runWeft({"map", "--list", "--json"}).json();
  EXPECT_GE(list.size(), 22u);
  for (const auto& one : list) {
    EXPECT_TRUE(succeeded(runWeft({"map", one["example"].get<std::string>(), "--layers", "12", "--allow-upward"})))
        << one;
  }
  EXPECT_TRUE(isOneSentenceOfBadInput(runWeft({"map"})));
}

TEST(CostVerb, ShowsThePapersTablesWithoutADifference) {
  const Outcome outcome = runWeft({"cost", "--paper", "--json"});
  ASSERT_TRUE(succeeded(outcome)) << outcome.err;
  const nlohmann::json rows = outcome.json()["rows"];
  ASSERT_EQ(rows.size(), 29u);
  for (const auto& row : rows) EXPECT_EQ(row["kv_bytes_per_token"], row["kv_bytes_per_token_paper"]) << row["name"];
  EXPECT_EQ(rows[0]["name"], "H128-MHA");
  EXPECT_THAT(runWeft({"cost", "--paper"}).out, HasSubstr("163,840"));
}

TEST(CostVerb, CountsAMapThatCannotBeTrainedYetAndSaysThatItCannot) {
  const auto cost = [](const char* map) {
    return runWeft({"cost", "--preset", "demo-mqa", "--map", map, "--json"}).json();
  };
  // Heads of 32, 64 and 32 are kept instead of four of 32; layer 2 reads the wide one, with queries as wide.
  const nlohmann::json plain = cost("0_1_2_3"), wide = cost("0_1d64_1_3");
  EXPECT_EQ(wide["kv_bytes_per_token"], plain["kv_bytes_per_token"]);
  EXPECT_GT(wide["parameters"], plain["parameters"]);
  EXPECT_TRUE(wide["training_memory"].is_null());
  EXPECT_THAT(wide["not_trainable"].get<std::string>(), HasSubstr("Layer 1 has heads 64 wide (d64)"));
  EXPECT_FALSE(plain.contains("not_trainable"));
  EXPECT_THAT(runWeft({"cost", "--preset", "demo-mqa", "--map", "0_1d64_1_3"}).out,
              HasSubstr("not trained or decoded yet"));
}

TEST(CostVerb, SaysWhatADeviceMakesOfIt) {
  const nlohmann::json value =
      runWeft({"cost", "--preset", "paper-1b-h128-mqa", "--device", "h100", "--batch", "64", "--json"}).json();
  EXPECT_EQ(value["roofline"]["bound"], "bytes");
  EXPECT_GT(value["largest_context"], 2048);
  EXPECT_EQ(value["batch_at_context"].size(), 6u);
  EXPECT_TRUE(isOneSentenceOfBadInput(runWeft({"cost", "--preset", "paper-1b-h128-mqa", "--device", "tpu"})));
  EXPECT_THAT(runWeft({"cost", "--preset", "paper-1b-h128-mqa", "--device", "h200"}).out, HasSubstr("H200 141 GB"));
}

TEST(CostVerb, MeasuresTheDeviceOfThisMachine) {
  if (!hasWorker()) GTEST_SKIP() << "there is no weft-worker beside the program";
  const Outcome outcome =
      runWeft({"cost", "--preset", "demo-mqa", "--device", "here", "--dtype", "float32", "--batch", "3", "--json"});
  ASSERT_TRUE(succeeded(outcome)) << outcome.err;
  const nlohmann::json value = outcome.json(), roofline = value["roofline"];
  EXPECT_GT(roofline["memory_bytes"].get<double>(), 1e8);
  const double decode = 3 * value["flops_per_token"]["decode"].get<double>();
  EXPECT_NEAR(roofline["compute_seconds"].get<double>(), decode / roofline["flops_per_second"].get<double>(),
              1e-6 * roofline["compute_seconds"].get<double>());
  EXPECT_NEAR(roofline["ridge_flops_per_byte"].get<double>(),
              roofline["flops_per_second"].get<double>() / roofline["bytes_per_second"].get<double>(), 1e-6);
  EXPECT_GT(value["largest_batch"], 0);
}

TEST(CostVerb, CountsThePassesOfAMapThatReadsUpward) {
  const auto train = [](const char* map) {
    return runWeft({"cost", "--preset", "lckv-50m", "--map", map, "--allow-upward", "--json"})
        .json()["flops_per_token"]["train"]
        .get<double>();
  };
  EXPECT_GT(train("lckv-w2"), 2 * train("identity"));
  EXPECT_LT(train("lckv-w2"), 5 * train("identity"));
}

TEST(CostVerb, AnswersWithTheKeysThatOthersBuildOn) {
  const Outcome outcome = runWeft(
      {"cost", "--preset", "paper-1b-h128-mqa", "--map", "cla2", "--context", "2048", "--batch", "4", "--json"});
  ASSERT_TRUE(succeeded(outcome));
  const nlohmann::json value = outcome.json();
  EXPECT_EQ(value["kv_bytes_per_token"], 5120);
  EXPECT_EQ(value["kv_bytes_resident"], 5120 * 2048 * 4);
  EXPECT_EQ(value["kv_bytes_read_per_step"], 10240 * 2048 * 4);
  EXPECT_NEAR(value["parameters"].get<double>(), 948.5e6, 0.1e6);
  for (const char* phase : {"train", "prefill", "decode"})
    EXPECT_GT(value["flops_per_token"][phase].get<double>(), 1e9) << phase;
}

TEST(CostVerb, SaysWhatATrainingStepTakesAndWhichMicroBatchFits) {
  const auto costs = [](const char* map) {
    return runWeft({"cost", "--preset", "paper-1b-h128-mha", "--map", map, "--device", "h100", "--json"}).json();
  };
  const nlohmann::json plain = costs("identity"), shared = costs("cla2");
  EXPECT_EQ(plain["training_memory"]["micro_batch"], 8);
  EXPECT_EQ(plain["training_memory"]["moments"], 8 * plain["parameters"].get<std::int64_t>());
  EXPECT_EQ(plain["training_memory"]["activations"]["keys_values"], std::int64_t{8} * 2048 * 163840);
  EXPECT_EQ(shared["training_memory"]["activations"]["keys_values"], std::int64_t{8} * 2048 * 81920);
  EXPECT_GT(shared["largest_micro_batch"].get<int>(), plain["largest_micro_batch"].get<int>());
  EXPECT_THAT(runWeft({"cost", "--preset", "demo-mqa", "--dtype", "int8"}).out, HasSubstr("A training step takes"));
}

TEST(CostVerb, TakesADeviceThatNoTableHas) {
  const nlohmann::json value =
      runWeft({"cost", "--preset", "demo-mqa", "--peak", "100", "--bandwidth", "500", "--json"}).json();
  EXPECT_NEAR(value["roofline"]["ridge_flops_per_byte"].get<double>(), 200, 1e-6);
  EXPECT_FALSE(value.contains("largest_batch"));
  EXPECT_TRUE(isOneSentenceOfBadInput(runWeft({"cost", "--preset", "demo-mqa", "--peak", "100"})));
  EXPECT_TRUE(isOneSentenceOfBadInput(
      runWeft({"cost", "--preset", "demo-mqa", "--peak", "100", "--bandwidth", "500", "--device", "h100"})));
}

TEST(CostVerb, ShowsTheFormulaBehindTheNumber) {
  EXPECT_THAT(runWeft({"cost", "--preset", "paper-1b-h128-mqa-cla2-keep-ends"}).out,
              HasSubstr("2 · 2 B · 128 · 11 = 5,632 B"));
}

TEST(CostVerb, CountsTheTokenizersVocabulary) {
  const nlohmann::json value = runWeft({"cost", "--preset", "demo-mqa", "--json"}).json();
  EXPECT_EQ(value["parameters_by_part"]["embedding"], 257 * 128);
}

TEST(CostVerb, ChangesFieldsOnTheWay) {
  EXPECT_EQ(runWeft({"cost", "--preset", "demo-mqa", "--set", "model.kv_heads=2", "--dtype", "float32", "--json"})
                .json()["kv_bytes_per_token"],
            2048);
  EXPECT_THAT(runWeft({"cost", "--preset", "demo-mqa", "--set", "model.kv_head=2"}).err,
              HasSubstr("did you mean model.kv_heads?"));
  EXPECT_TRUE(isOneSentenceOfBadInput(runWeft({"cost", "--preset", "demo-mqa", "--set", "model.kv_heads"})));
}

TEST(CostVerb, RefusesBrokenConfigurationsWithFileAndLine) {
  const weft::TemporaryFolder folder = weft::TemporaryFolder::create().value();
  const std::string file = (folder.path() / "run.toml").string();
  ASSERT_TRUE(weft::writeFileAtomically(file, "[model]\nlayers = = 4\n"));
  Outcome outcome = runWeft({"cost", "--config", file});
  EXPECT_TRUE(isOneSentenceOfBadInput(outcome));
  EXPECT_THAT(outcome.err, AllOf(HasSubstr(file), HasSubstr("line 2")));
  ASSERT_TRUE(weft::writeFileAtomically(file, "[model]\nlayrs = 4\n"));
  outcome = runWeft({"cost", "--config", file});
  EXPECT_TRUE(isOneSentenceOfBadInput(outcome));
  EXPECT_THAT(outcome.err, HasSubstr("did you mean model.layers?"));
  EXPECT_TRUE(isOneSentenceOfBadInput(runWeft({"cost", "--config", "/nowhere/run.toml"})));
  EXPECT_TRUE(isOneSentenceOfBadInput(runWeft({"cost", "--preset", "no-such"})));
  EXPECT_TRUE(isOneSentenceOfBadInput(runWeft({"cost"})));
  EXPECT_TRUE(isOneSentenceOfBadInput(runWeft({"cost", "--preset", "demo-mqa", "--dtype", "int3"})));
  EXPECT_TRUE(isOneSentenceOfBadInput(runWeft({"cost", "--preset", "demo-mqa", "--batch", "0"})));
}

TEST(CostVerb, ReadsAConfigurationFromStandardInput) {
  EXPECT_EQ(runWeft({"cost", "--config", "-", "--json"}, "name = \"piped\"\n").json()["name"], "piped");
}

TEST(PresetsVerb, WhatItPrintsIsAValidConfiguration) {
  const Outcome printed = runWeft({"presets", "demo-mqa-cla2"});
  ASSERT_TRUE(succeeded(printed));
  EXPECT_EQ(runWeft({"cost", "--config", "-", "--json"}, printed.out).json()["map"], "0_0_2_2");
  EXPECT_GE(runWeft({"presets", "--json"}).json().size(), 25u);
}
