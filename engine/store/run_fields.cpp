#include "engine/store/run_fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <type_traits>
#include <unordered_map>

#include "engine/base/json.h"
#include "engine/base/table.h"
#include "engine/base/text.h"

namespace weft::store {

namespace {

template <class Member, class Type>
constexpr bool kIs = std::is_same_v<Member, Type RunSummary::*>;
template <class Member>
constexpr bool kIsTextMaker = std::is_same_v<Member, std::string (*)(const RunSummary&)>;
template <class Member>
constexpr bool kIsNumberMaker = std::is_same_v<Member, std::optional<double> (*)(const RunSummary&)>;

std::optional<double> ageInDays(const RunSummary& run) {
  if (run.created <= 0) return std::nullopt;
  const std::chrono::duration<double> now = std::chrono::system_clock::now().time_since_epoch();
  return (now.count() - run.created) / 86400;
}

template <class Member>
constexpr bool kIsValueName = std::is_same_v<Member, ValueName>;

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

std::vector<RunField> makeFields() {
  using enum FieldPlace;
  using enum FieldStyle;
  using enum Better;
  using R = RunSummary;
  return {
      {"id", "Run", "", "", &R::id},
      {"name", "Name", "", "", &R::name},
      {"state", "Status", "", "", &R::state, Job},
      {"failure", "Failure", "", "Why the run failed or was lost", &R::failure, Job},
      {"kind", "Kind", "", "", &R::kind, Job},
      {"map", "Map", "", "Layer by layer, whose keys and values it reads", &R::map},
      {"generator", "Pattern", "", "The published pattern that the map is", &R::generator},
      {"cache", "Cache", "", "The plugin that keeps K and V; empty: dense", &R::cache},
      {"layers", "Layers", "", "", &R::layers},
      {"hidden", "Hidden", "", "Width of the residual stream", &R::hidden},
      {"query_heads", "Q heads", "", "Query heads of a layer", &R::queryHeads},
      {"kv_heads", "KV heads", "", "KV heads of a producing layer", &R::kvHeads},
      {"head_width", "Head width", "", "", &R::headWidth},
      {"parameters", "Parameters", "", "", &R::parameters, Run, Count},
      {"kv_bytes_per_token", "KV B/token", "B/token",
       "By formula: sum over the producing layers of 2 · KV heads · head width · bytes per element",
       &R::kvBytesPerToken, Run, Bytes, Lower},
      {"kv_type", "KV type", "", "In what type, or by which plugin, K and V are kept", &R::kvType},
      {"kv_bytes_per_token_measured", "Measured", "B/token",
       "Measured: bytes of the unique storages that hold the cache ÷ (batch · context)", &R::kvBytesPerTokenMeasured,
       Summary, Bytes, Lower, "kv_bytes_measured"},
      {"perplexity", "Val. perplexity", "",
       "Held-out perplexity of the last evaluation: exp of the mean loss in nats per token", &R::perplexity, Summary,
       Perplexity, Lower},
      {"best_perplexity", "Best perplexity", "", "The lowest held-out perplexity of the run's evaluations",
       &R::bestPerplexity, Summary, Perplexity, Lower},
      {"last_loss", "Loss", "nats/token", "Training loss of the last logged step", &R::lastLoss, Summary, Loss, Lower,
       "loss"},
      {"best_loss", "Best loss", "nats/token", "The lowest training loss of a logged step", &R::bestLoss, Summary, Loss,
       Lower},
      {"unigram_perplexity", "Unigram perplexity", "",
       "What a model that knows only how often each token occurs would reach on the same tokens", &R::unigramPerplexity,
       Summary, Perplexity},
      {"entropy_floor_nats", "Entropy floor", "nats/token",
       "The loss that no model of the synthetic corpus can go below", &R::entropyFloor_nats, Summary, Loss},
      {"tokens_per_second", "Tokens/s", "tokens/s", "Training throughput over the last logged steps",
       &R::tokensPerSecond, Summary, Rate, Higher},
      {"configuration_key", "Configuration", "", "Equal for runs that differ in nothing but name, tags and seed",
       &R::configurationKey},
      {"text_key", "Text", "", "Equal for runs whose perplexity is of one text", &R::textKey},
      {"seed", "Seed", "", "", &R::seed},
      {"step", "Step", "", "", &R::step, Summary},
      {"steps", "Steps", "", "Optimizer steps that the run is to take", &R::steps},
      {"tokens", "Tokens", "", "Tokens trained on", &R::tokens, Summary, Count},
      {"progress", "Progress", "", "Share of the phase that is done", &R::progress, Job, Share},
      {"phase", "Phase", "", "What the run was doing last", &R::phase, Job},
      {"device", "Device", "", "", &R::device, Summary},
      {"attempt", "Attempt", "", "", &R::attempt, Job},
      {"priority", "Priority", "", "Higher goes first", &R::priority, Job},
      {"position", "Position", "", "Within the queue, among equal priorities", &R::position, Job},
      {"tags", "Tags", "", "", &R::tags},
      {"note", "Note", "", "", &R::note},
      {"starred", "Starred", "", "", &R::starred},
      {"archived", "Archived", "", "", &R::archived},
      {"baseline", "Baseline", "", "What the others are compared with", &R::baseline},
      {"created", "Created", "", "", &R::created, Run, Time},
      {"started", "Started", "", "", &R::started, Job, Time},
      {"ended", "Ended", "", "", &R::ended, Job, Time},
      {"updated", "Updated", "", "", &R::updated, Run, Time},
      {"heartbeat", "Last sign", "", "Time of the worker's last event", &R::heartbeat, Job, Time},
      {"age_days", "Age", "d", "Since it was submitted", &ageInDays, Derived},
  };
}

std::optional<double> valueOf(const RunSummary& run, const ValueName& value) {
  if (!run.values) return std::nullopt;
  const auto found = run.values->find(value.name);
  return found == run.values->end() ? std::nullopt : std::optional(found->second);
}

// An age: for filters and tables, but no part of the run.
bool isOfTheMoment(const RunField& field) {
  return std::holds_alternative<std::optional<double> (*)(const RunSummary&)>(field.member);
}

// Shortest text that is the number; a whole one without its ".0".
std::string written(double value) { return fmt::format("{}", value); }

}  // namespace

bool RunField::isNumber() const {
  return std::visit(
      [](auto m) {
        using M = decltype(m);
        return kIs<M, RunId> || kIs<M, int> || kIs<M, std::int64_t> || kIs<M, double> ||
               kIs<M, std::optional<double>> || kIsNumberMaker<M> || kIsValueName<M>;
      },
      member);
}
bool RunField::isFlag() const { return std::holds_alternative<bool RunSummary::*>(member); }
bool RunField::isList() const { return std::holds_alternative<std::vector<std::string> RunSummary::*>(member); }
bool RunField::isText() const { return !isNumber() && !isFlag() && !isList(); }

const std::vector<RunField>& runFields() {
  static const std::vector<RunField> fields = makeFields();
  return fields;
}

const RunField* findRunField(std::string_view name) {
  static const auto places = [] {
    std::unordered_map<std::string, const RunField*> all;
    for (const RunField& field : runFields()) {
      all.emplace(field.name, &field);
      if (!field.formerName.empty()) all.emplace(field.formerName, &field);
    }
    return all;
  }();
  const auto found = places.find(lower(name));
  return found == places.end() ? nullptr : found->second;
}

std::optional<RunField> runFieldNamed(std::string_view name) {
  if (const RunField* known = findRunField(name)) return *known;
  const auto stroke = name.find('/');
  if (stroke == std::string_view::npos || stroke == 0 || stroke + 1 == name.size()) return std::nullopt;
  RunField field{.name = std::string(name),
                 .title = std::string(name),
                 .unit = "",
                 .explanation = "The newest value that the run has of " + std::string(name),
                 .member = ValueName{std::string(name)},
                 .place = FieldPlace::Derived};
  if (const protocol::Metric* metric = protocol::findMetric(name)) {
    field.title = metric->title;
    field.unit = metric->unit;
    field.explanation = metric->title + " of the last logged step";
    if (!metric->note.empty()) field.explanation += ", " + metric->note;
    field.better = metric->better;
    if (metric->style == protocol::MetricStyle::Count) field.style = FieldStyle::Rate;
  }
  return field;
}

std::optional<double> numberOf(const RunField& field, const RunSummary& run) {
  return std::visit(
      [&](auto m) -> std::optional<double> {
        using M = decltype(m);
        if constexpr (kIsNumberMaker<M>) {
          return m(run);
        } else if constexpr (kIsValueName<M>) {
          return valueOf(run, m);
        } else if constexpr (kIs<M, RunId>) {
          return static_cast<double>((run.*m).value);
        } else if constexpr (kIs<M, std::optional<double>>) {
          return run.*m;
        } else if constexpr (kIs<M, RunState> || kIs<M, bool> || kIs<M, int> || kIs<M, std::int64_t> ||
                             kIs<M, double>) {
          return static_cast<double>(run.*m);
        } else {
          return std::nullopt;
        }
      },
      field.member);
}

std::string textOf(const RunField& field, const RunSummary& run) {
  return std::visit(
      [&](auto m) -> std::string {
        using M = decltype(m);
        if constexpr (kIsTextMaker<M>) {
          return m(run);
        } else if constexpr (kIsNumberMaker<M> || kIsValueName<M>) {
          const std::optional<double> value = numberOf(field, run);
          return value ? written(*value) : std::string();
        } else if constexpr (kIs<M, std::string>) {
          return run.*m;
        } else if constexpr (kIs<M, std::vector<std::string>>) {
          return join(run.*m, ",");
        } else if constexpr (kIs<M, RunState>) {
          return toString(run.*m);
        } else if constexpr (kIs<M, bool>) {
          return run.*m ? "true" : "false";
        } else if constexpr (kIs<M, RunId>) {
          return std::to_string((run.*m).value);
        } else if constexpr (kIs<M, std::optional<double>>) {
          return run.*m ? written(*(run.*m)) : std::string();
        } else if constexpr (kIs<M, double>) {
          return written(run.*m);
        } else {
          return std::to_string(run.*m);
        }
      },
      field.member);
}

Json runToJson(const RunSummary& run) {
  Json object = Json::object();
  for (const RunField& field : runFields()) {
    std::visit(
        [&]([[maybe_unused]] auto m) {
          using M = decltype(m);
          if constexpr (kIsTextMaker<M>) {
            object[field.name] = m(run);
          } else if constexpr (kIsNumberMaker<M> || kIsValueName<M>) {
            // What the clock says of a run is no part of it; the values follow under one key.
          } else if constexpr (kIs<M, double> || kIs<M, std::optional<double>>) {
            putNumber(object, field.name, run.*m);
          } else if constexpr (kIs<M, RunId>) {
            object[field.name] = (run.*m).value;
          } else if constexpr (kIs<M, RunState>) {
            object[field.name] = toString(run.*m);
          } else {
            object[field.name] = run.*m;
          }
        },
        field.member);
  }
  if (run.values && !run.values->empty()) {
    Json values = Json::object();
    for (const auto& [name, value] : *run.values) putNumber(values, name, value);
    object["values"] = std::move(values);
  }
  return object;
}

std::string runsToCsv(const std::vector<RunSummary>& runs, const std::vector<std::string>& names) {
  std::vector<RunField> fields;
  if (names.empty())
    for (const RunField& field : runFields())
      if (!isOfTheMoment(field)) fields.push_back(field);
  for (const std::string& name : names)
    if (std::optional<RunField> field = runFieldNamed(name)) fields.push_back(*std::move(field));
  Table table;
  for (const RunField& field : fields) table.column(field.name);
  for (const RunSummary& run : runs) {
    std::vector<std::string> cells;
    cells.reserve(fields.size());
    for (const RunField& field : fields) cells.push_back(textOf(field, run));
    table.row(std::move(cells));
  }
  return table.toCsv();
}

bool isSame(const RunSummary& a, const RunSummary& b) {
  const auto isEqual = [&](const RunField& field) {
    return std::visit(
        [&](auto m) {
          using M = decltype(m);
          if constexpr (kIsTextMaker<M> || kIsNumberMaker<M> || kIsValueName<M>) {
            return true;  // follows from the others, or from the clock
          } else {
            return a.*m == b.*m;
          }
        },
        field.member);
  };
  const bool hasSameValues = a.values == b.values || (a.values && b.values && *a.values == *b.values);
  return hasSameValues && a.sparkline == b.sparkline && std::all_of(runFields().begin(), runFields().end(), isEqual);
}

}  // namespace weft::store
