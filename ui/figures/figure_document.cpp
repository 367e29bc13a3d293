#include "ui/figures/figure_document.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QRegularExpression>
#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <map>
#include <set>
#include <unordered_set>

#include "ui/models/configuration_groups.h"
#include "ui/models/run_sort_proxy.h"
#include "ui/models/run_text.h"
#include "ui/paper/curve_choice.h"

namespace weft::ui {
namespace {

constexpr int kFormat = 1;

// One table of fields for writing and reading.
template <class Document, class Visit>
void visitFields(Document& figure, Visit visit) {
  auto& options = figure.options;
  visit("title", figure.title);
  visit("kind", options.kind);
  visit("runs", figure.which);
  visit("filter", figure.filter);
  visit("width_in", options.width_in);
  visit("height_in", options.height_in);
  visit("font_size_pt", options.fontSize_pt);
  visit("tick_size_pt", options.tickSize_pt);
  visit("font", options.font);
  visit("line_width_pt", options.lineWidth_pt);
  visit("marker_size_pt", options.markerSize_pt);
  visit("labels", options.labels);
  visit("grid", options.grid);
  visit("legend", options.legend);
  visit("baseline", options.baseline);
  visit("x", options.x);
  visit("y", options.y);
  visit("frontier", options.frontier);
  visit("dominated", options.dominated);
  visit("paper_table", options.paperTable);
  visit("metric", options.metric);
  visit("smoothing", options.smoothing);
  visit("raw_band", options.rawBand);
  visit("svg_text", options.svgText);
}

template <class Enum>
constexpr int kCount = 0;
template <>
constexpr int kCount<FigureKind> = 3;
template <>
constexpr int kCount<FigureRuns> = 3;
template <>
constexpr int kCount<FigureFont> = 2;
template <>
constexpr int kCount<FigureLegend> = 7;
template <>
constexpr int kCount<ParetoX> = 3;
template <>
constexpr int kCount<ParetoY> = 3;
template <>
constexpr int kCount<SvgText> = 2;

struct Writer {
  QJsonObject& object;
  void operator()(const char* key, const QString& value) { object[QLatin1String(key)] = value; }
  void operator()(const char* key, const std::string& value) {
    object[QLatin1String(key)] = QString::fromStdString(value);
  }
  void operator()(const char* key, bool value) { object[QLatin1String(key)] = value; }
  void operator()(const char* key, double value) { object[QLatin1String(key)] = value; }
  void operator()(const char* key, store::RunId value) {
    object[QLatin1String(key)] = static_cast<qint64>(value.value);
  }
  template <class Enum>
  requires std::is_enum_v<Enum>
  void operator()(const char* key, Enum value) { object[QLatin1String(key)] = static_cast<int>(value); }
};

struct Reader {
  const QJsonObject& object;
  QJsonValue at(const char* key) const { return object[QLatin1String(key)]; }
  void operator()(const char* key, QString& value) { value = at(key).toString(value); }
  void operator()(const char* key, std::string& value) {
    value = at(key).toString(QString::fromStdString(value)).toStdString();
  }
  void operator()(const char* key, bool& value) { value = at(key).toBool(value); }
  void operator()(const char* key, double& value) { value = at(key).toDouble(value); }
  void operator()(const char* key, store::RunId& value) { value.value = at(key).toInteger(value.value); }
  template <class Enum>
  requires std::is_enum_v<Enum>
  void operator()(const char* key, Enum& value) {
    const int number = at(key).toInt(static_cast<int>(value));
    if (number >= 0 && number < kCount<Enum>) value = static_cast<Enum>(number);
  }
};

void keepInRange(FigureOptions& options) {
  options.width_in = std::clamp(options.width_in, 1.0, 40.0);
  if (options.height_in != 0) options.height_in = std::clamp(options.height_in, 1.0, 40.0);
  options.fontSize_pt = std::clamp(options.fontSize_pt, 4.0, 36.0);
  options.tickSize_pt = options.tickSize_pt <= 0 ? 0 : std::clamp(options.tickSize_pt, 4.0, 36.0);
  options.lineWidth_pt = std::clamp(options.lineWidth_pt, 0.1, 10.0);
  options.markerSize_pt = std::clamp(options.markerSize_pt, 1.0, 30.0);
  options.smoothing = std::clamp(options.smoothing, 0.0, 0.9999);
}

// Rows of numbers: run, step, perplexity, best perplexity, loss, measured KV bytes; null for none.
QJsonObject frozenToJson(const FigureDocument& figure) {
  const auto value = [](std::optional<double> number) { return number ? QJsonValue(*number) : QJsonValue(); };
  QJsonArray rows;
  for (const FrozenRun& run : figure.frozen)
    rows.append(QJsonArray{static_cast<qint64>(run.run.value), static_cast<qint64>(run.step), value(run.perplexity),
                           value(run.bestPerplexity), value(run.lastLoss), value(run.kvMeasured)});
  return {{QStringLiteral("at"), figure.frozenAt}, {QStringLiteral("runs"), rows}};
}

void frozenFromJson(const QJsonObject& object, FigureDocument& figure) {
  figure.frozenAt = std::max(0.0, object[QStringLiteral("at")].toDouble());
  const auto number = [](const QJsonValue& value) {
    return value.isDouble() ? std::optional(value.toDouble()) : std::nullopt;
  };
  for (const QJsonValue& value : object[QStringLiteral("runs")].toArray()) {
    const QJsonArray row = value.toArray();
    if (figure.isFrozen() && row.size() >= 6)
      figure.frozen.push_back(
          {{row[0].toInteger()}, row[1].toInteger(), number(row[2]), number(row[3]), number(row[4]), number(row[5])});
  }
}

QString latexEscaped(QString text) {
  text.replace(u'\\', QStringLiteral("\\textbackslash "));
  for (const QChar special : QStringLiteral("&%$#_{}")) text.replace(special, QStringLiteral("\\") + special);
  // Every LaTeX knows these, whatever its encoding of the input.
  text.replace(u'±', QStringLiteral("$\\pm$"));
  text.replace(u'×', QStringLiteral("$\\times$"));
  return text;
}

// "Parameters" -> "parameters", but "KV cache" stays.
QString inSentence(QString title) {
  if (title.size() > 1 && title[1].isLower()) title[0] = title[0].toLower();
  return title;
}

// The configurations of the points over their seeds, and of every two at one memory what that says, adjusted for each
// other: the pair of the smallest (adjusted) p value is named, and how many there were. Nothing is said of runs that
// stand alone but that they do.
QString comparisonText(const ConfigurationGroups& groups, const ParetoData& data) {
  std::unordered_set<store::RunId> drawn;
  for (const ParetoPoint& point : data.points) drawn.insert(point.run);
  std::size_t shown = 0;
  std::map<double, std::vector<const service::RunGroup*>> severalAt;  // by bytes: those of several runs
  for (const service::RunGroup& group : groups.groups()) {
    if (std::none_of(group.members.begin(), group.members.end(),
                     [&](const auto& run) { return drawn.contains(run.id); }))
      continue;
    ++shown;
    if (group.members.size() > 1) severalAt[group.members.front().kvBytesPerToken].push_back(&group);
  }
  if (shown < 2) return {};
  if (severalAt.empty())
    return QStringLiteral(" Each configuration is one run; differences between them are not tested.");
  std::vector<statistics::Comparison> pairs;
  std::vector<double> bytesOf;
  for (const auto& [bytes, at] : severalAt)
    for (std::size_t i = 0; i < at.size(); ++i)
      for (std::size_t j = i + 1; j < at.size(); ++j) {
        // Each two once, the lower mean first.
        statistics::Comparison pair = service::compareGroups(*at[j], *at[i]);
        if (pair.logPerplexity.mean > 0) pair = service::compareGroups(*at[i], *at[j]);
        if (!pair.logPerplexity.interval) continue;
        pair.subject.kvBytesPerToken.reset();  // said before the sentence
        pairs.push_back(std::move(pair));
        bytesOf.push_back(bytes);
      }
  if (pairs.empty()) return {};
  statistics::adjust(pairs);
  const auto best = std::min_element(pairs.begin(), pairs.end(), [](const auto& a, const auto& b) {
    return std::pair(a.adjustedP.value_or(1), a.logPerplexity.mean) <
           std::pair(b.adjustedP.value_or(1), b.logPerplexity.mean);
  });
  return QStringLiteral(" At %1 bytes per token, %2 against %3: %4.")
      .arg(bytesPerTokenText(bytesOf[static_cast<std::size_t>(best - pairs.begin())]),
           QString::fromStdString(best->subject.name), QString::fromStdString(best->reference.name),
           QString::fromStdString(statistics::sentence(*best)));
}

// "12 runs", "12 runs of 4 configurations (3 seeds each)", "7 runs of 4 configurations (1 to 3 seeds each)".
QString runsText(const ConfigurationGroups* groups, const ParetoData& data) {
  const QString runs =
      data.points.size() == 1 ? QStringLiteral("one run") : QStringLiteral("%1 runs").arg(data.points.size());
  std::map<const service::RunGroup*, std::size_t> seeds;
  for (const ParetoPoint& point : data.points)
    if (const service::RunGroup* group = groups ? groups->groupOf(point.run) : nullptr) ++seeds[group];
  if (seeds.empty() || seeds.size() == data.points.size()) return runs;
  const auto [least, most] =
      std::minmax_element(seeds.begin(), seeds.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  const QString each = least->second == most->second ? QString::number(most->second)
                                                     : QStringLiteral("%1 to %2").arg(least->second).arg(most->second);
  return seeds.size() == 1
             ? QStringLiteral("%1 of one configuration").arg(runs)
             : QStringLiteral("%1 of %2 configurations (%3 seeds each)").arg(runs).arg(seeds.size()).arg(each);
}

}  // namespace

QString FigureDocument::fileName() const {
  QString name = title.toLower();
  static const QRegularExpression others(QStringLiteral("[^a-z0-9]+"));
  name.replace(others, QStringLiteral("-"));
  while (name.startsWith(u'-')) name.remove(0, 1);
  while (name.endsWith(u'-')) name.chop(1);
  return name.isEmpty() ? QStringLiteral("figure") : name.left(80);
}

QString kindTitle(FigureKind kind) {
  switch (kind) {
    case FigureKind::Pareto:
      return QStringLiteral("Memory and perplexity");
    case FigureKind::Curves:
      return QStringLiteral("Curves over steps");
    case FigureKind::SharingMaps:
      return QStringLiteral("Sharing maps");
  }
  return {};
}

std::vector<FigureDocument> usualFigures() {
  FigureDocument pareto, loss, maps;
  pareto.title = QStringLiteral("KV memory against perplexity");
  loss.title = QStringLiteral("Training loss");
  loss.options.kind = FigureKind::Curves;
  loss.options.width_in = 3.25;
  loss.options.fontSize_pt = 8;
  loss.options.smoothing = 0.9;
  maps.title = QStringLiteral("Sharing maps");
  maps.options.kind = FigureKind::SharingMaps;
  return {pareto, loss, maps};
}

QString figuresToJson(const std::vector<FigureDocument>& figures) {
  QJsonArray list;
  for (const FigureDocument& figure : figures) {
    QJsonObject object;
    visitFields(figure, Writer{object});
    QJsonArray listed;
    for (const store::RunId run : figure.listed) listed.append(static_cast<qint64>(run.value));
    object[QStringLiteral("listed")] = listed;
    if (figure.isFrozen()) object[QStringLiteral("frozen")] = frozenToJson(figure);
    list.append(object);
  }
  const QJsonObject root{{QStringLiteral("format"), kFormat}, {QStringLiteral("figures"), list}};
  return QString::fromUtf8(QJsonDocument(root).toJson());
}

Result<std::vector<FigureDocument>> figuresFromJson(const QByteArray& json) {
  QJsonParseError error;
  const QJsonDocument document = QJsonDocument::fromJson(json, &error);
  if (error.error != QJsonParseError::NoError || !document.object()[QStringLiteral("figures")].isArray())
    return fail(ErrorCode::Corrupt,
                "The saved figures (figures/figures.json) cannot be read: " +
                    (error.error == QJsonParseError::NoError ? std::string("it holds no list of figures")
                                                             : error.errorString().toStdString()) +
                    ".");
  std::vector<FigureDocument> figures;
  for (const QJsonValue& value : document.object()[QStringLiteral("figures")].toArray()) {
    const QJsonObject object = value.toObject();
    FigureDocument figure;
    visitFields(figure, Reader{object});
    for (const QJsonValue& run : object[QStringLiteral("listed")].toArray()) figure.listed.push_back({run.toInteger()});
    frozenFromJson(object[QStringLiteral("frozen")].toObject(), figure);
    keepInRange(figure.options);
    figures.push_back(std::move(figure));
  }
  return figures;
}

std::vector<const store::RunSummary*> liveRunsOf(const FigureDocument& figure, const RunsSnapshot& snapshot) {
  const auto filter = RunFilter::parse(figure.filter);
  const std::set<store::RunId> listed(figure.listed.begin(), figure.listed.end());
  std::vector<const store::RunSummary*> runs;
  for (const store::RunSummary& run : snapshot.runs) {
    const bool isIn = figure.which == FigureRuns::Listed ? listed.contains(run.id)
                      : figure.which == FigureRuns::Filter && filter
                          ? RunSortProxy::accepts(*filter, run)
                          : !run.archived && run.state != store::RunState::Draft;
    if (isIn) runs.push_back(&run);
  }
  std::sort(runs.begin(), runs.end(), [](const auto* a, const auto* b) { return a->id < b->id; });
  return runs;
}

std::vector<store::RunSummary> runsOf(const FigureDocument& figure, const RunsSnapshot& snapshot) {
  std::vector<store::RunSummary> runs;
  if (!figure.isFrozen()) {
    for (const store::RunSummary* run : liveRunsOf(figure, snapshot)) runs.push_back(*run);
    return runs;
  }
  for (const FrozenRun& frozen : figure.frozen) {
    const store::RunSummary* run = snapshot.find(frozen.run);
    if (!run) continue;
    runs.push_back(*run);
    runs.back().step = frozen.step;
    runs.back().perplexity = frozen.perplexity;
    runs.back().bestPerplexity = frozen.bestPerplexity;
    runs.back().lastLoss = frozen.lastLoss;
    runs.back().kvBytesPerTokenMeasured = frozen.kvMeasured;
  }
  return runs;
}

void freeze(FigureDocument& figure, const RunsSnapshot& snapshot, double now_s) {
  figure.frozen.clear();
  for (const store::RunSummary* run : liveRunsOf(figure, snapshot))
    figure.frozen.push_back(
        {run->id, run->step, run->perplexity, run->bestPerplexity, run->lastLoss, run->kvBytesPerTokenMeasured});
  figure.frozenAt = now_s;
}

std::uint64_t fingerprint(const FigureDocument& figure, const std::vector<const store::RunSummary*>& runs) {
  std::uint64_t hash = 0x9E3779B97F4A7C15U + runs.size();
  const auto mix = [&hash](std::uint64_t value) {
    hash ^= value + 0x9E3779B97F4A7C15U + (hash << 6) + (hash >> 2);
    hash *= 0xFF51AFD7ED558CCDU;
    hash ^= hash >> 33;
  };
  const auto text = [&](const std::string& value) { mix(std::hash<std::string>{}(value)); };
  const auto number = [&](std::optional<double> value) { mix(value ? std::bit_cast<std::uint64_t>(*value) : 1); };
  for (const store::RunSummary* run : runs) {
    mix(static_cast<std::uint64_t>(run->id.value));
    text(run->name);
    switch (figure.options.kind) {
      case FigureKind::Pareto: {
        const auto x = valueOf(*run, figure.options.x);
        const auto y = valueOf(*run, figure.options.y);
        // A run without a point changes nothing, whatever else it gets.
        number(x && y ? x : std::nullopt);
        number(x && y ? y : std::nullopt);
        text(run->generator);
        text(run->cache);
        mix(static_cast<std::uint64_t>(run->kvHeads));
        mix(static_cast<std::uint64_t>(run->queryHeads));
        break;
      }
      case FigureKind::Curves:
        mix(static_cast<std::uint64_t>(run->step));
        if (figure.options.metric.starts_with("valid/")) number(run->perplexity);
        break;
      case FigureKind::SharingMaps:
        text(run->map);
        break;
    }
  }
  return hash;
}

QString captionOf(const FigureDocument& figure, const std::vector<FigureRun>& runs, const ConfigurationGroups* groups) {
  const auto count = [](std::size_t n, const QString& one, const QString& many) {
    return n == 1 ? one : QStringLiteral("%1 %2").arg(n).arg(many);
  };
  switch (figure.options.kind) {
    case FigureKind::Pareto: {
      std::vector<store::RunSummary> summaries;
      for (const FigureRun& run : runs) summaries.push_back(run.summary);
      const ParetoData data = paretoData(summaries, figure.options.x, figure.options.y);
      QString text = QStringLiteral("%1 against %2 for %3.")
                         .arg(titleOf(figure.options.y), inSentence(titleOf(figure.options.x)), runsText(groups, data));
      if (figure.options.frontier && figure.options.dominated)
        text += QStringLiteral(" Filled markers lie on the frontier.");
      if (groups && figure.options.x == ParetoX::KvBytes && figure.options.y == ParetoY::Perplexity)
        text += comparisonText(*groups, data);
      return text;
    }
    case FigureKind::Curves: {
      QString text = QStringLiteral("%1 of %2.")
                         .arg(QString::fromStdString(figure.options.metric),
                              count(runs.size(), QStringLiteral("one run"), QStringLiteral("runs")));
      const DrawnCurves curves = drawnCurves(runs);
      if (figure.options.smoothing > 0)
        text += QStringLiteral(" Lines are exponential moving averages (weight %1)%2.")
                    .arg(figure.options.smoothing)
                    .arg(figure.options.rawBand && curves.drawn <= kMostBands
                             ? QStringLiteral("; bands span the raw values")
                             : QString());
      if (const QString sentence = thinningSentence(curves); !sentence.isEmpty()) text += u' ' + sentence;
      return text;
    }
    case FigureKind::SharingMaps:
      return QStringLiteral(
          "Sharing maps: bars are KV slots to scale, arcs lead to the layer whose keys and values are read; dashed "
          "slots are saved.");
  }
  return {};
}

QString latexOf(const FigureDocument& figure, const std::vector<FigureRun>& runs, const ConfigurationGroups* groups) {
  return QStringLiteral(
             "\\begin{figure}\n  \\centering\n  \\includegraphics[width=%1in]{figures/%2.pdf}\n  \\caption{%3}\n  "
             "\\label{fig:%2}\n\\end{figure}\n")
      .arg(figure.options.width_in)
      .arg(figure.fileName(), latexEscaped(captionOf(figure, runs, groups)));
}

}  // namespace weft::ui
