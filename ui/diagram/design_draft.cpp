#include "ui/diagram/design_draft.h"

#include <QDir>
#include <QFileInfo>
#include <QJsonDocument>
#include <QJsonObject>
#include <QStandardPaths>
#include <algorithm>

#include "engine/base/files.h"

namespace weft::ui {
namespace {

constexpr int kVersion = 1;
constexpr int kDelay_ms = 500;

}  // namespace

QByteArray toDraft(const DraftContent& content) {
  const config::ModelConfig& model = content.design.model;
  const QJsonObject object{
      {"version", kVersion},
      {"config", QString::fromStdString(config::toToml(content.config))},
      {"name", content.design.name},
      {"map", QString::fromStdString(model.sharing)},
      {"layers", model.layers},
      {"dtype", QString::fromLatin1(sharing::toString(content.request.cacheType))},
      {"context", static_cast<qint64>(content.request.context)},
      {"batch", static_cast<qint64>(content.request.batch)},
      {"memory", content.memoryChoice},
  };
  return QJsonDocument(object).toJson();
}

Result<DraftContent> parseDraft(const QByteArray& bytes) {
  QJsonParseError problem;
  const QJsonObject object = QJsonDocument::fromJson(bytes, &problem).object();
  if (problem.error != QJsonParseError::NoError || object.isEmpty())
    return fail(ErrorCode::Corrupt, "The draft of the last session is not readable; the editor starts with its first preset.",
                problem.errorString().toStdString());
  if (object["version"].toInt() > kVersion)
    return fail(ErrorCode::NewerVersion, "The draft of the last session was written by a newer Weft; the editor starts with its first preset.");
  DraftContent content;
  WEFT_ASSIGN(content.config, config::parseRunConfig(object["config"].toString().toStdString(), "the draft of the last session"));
  content.design = {.name = object["name"].toString(), .model = content.config.model};
  config::ModelConfig& model = content.design.model;
  model.sharing = object["map"].toString().toStdString();
  model.layers = std::clamp(object["layers"].toInt(model.layers), 1, sharing::SharingMap::kMaximumLayers);
  content.request.cacheType = sharing::parseElementType(object["dtype"].toString().toStdString()).value_or(sharing::ElementType::BFloat16);
  content.request.context = std::max<std::int64_t>(1, object["context"].toInteger(content.request.context));
  content.request.batch = std::max<std::int64_t>(1, object["batch"].toInteger(content.request.batch));
  content.memoryChoice = object["memory"].toInt();
  return content;
}

DesignDraft::DesignDraft(QString file, QObject* parent) : QObject(parent), m_file(std::move(file)) {
  m_pool.setMaxThreadCount(1);
  m_timer.setSingleShot(true);
  m_timer.setInterval(kDelay_ms);
  connect(&m_timer, &QTimer::timeout, this, &DesignDraft::flush);
}

DesignDraft::~DesignDraft() {
  flush();
  m_pool.waitForDone();
}

QString DesignDraft::usualFile() {
  return QDir(QStandardPaths::writableLocation(QStandardPaths::AppDataLocation)).filePath(QStringLiteral("design-draft.json"));
}

void DesignDraft::load() {
  m_pool.start([this, file = m_file] {
    const auto bytes = readFile(file.toStdString());
    if (!bytes) {
      if (bytes.error().code == ErrorCode::NotFound) return;
      QMetaObject::invokeMethod(
          this, [this, sentence = QString::fromStdString(bytes.error().message)] { Q_EMIT failed(sentence); }, Qt::QueuedConnection);
      return;
    }
    auto content = parseDraft(QByteArray::fromStdString(*bytes));
    QMetaObject::invokeMethod(
        this,
        [this, content = std::move(content)] {
          if (content)
            Q_EMIT restored(*content);
          else
            Q_EMIT failed(QString::fromStdString(content.error().message));
        },
        Qt::QueuedConnection);
  });
}

void DesignDraft::keep(const DraftContent& content) {
  m_pending = content;
  m_timer.start();
}

void DesignDraft::flush() {
  m_timer.stop();
  if (!m_pending) return;
  writeFile(m_file, toDraft(*m_pending), {});
  m_pending.reset();
}

void DesignDraft::writeFile(const QString& file, QByteArray bytes, std::function<void()> done) {
  m_pool.start([this, file, bytes = std::move(bytes), done = std::move(done)] {
    auto written = createFolders(QFileInfo(file).path().toStdString());
    if (written) written = writeFileAtomically(file.toStdString(), std::string_view(bytes.constData(), static_cast<std::size_t>(bytes.size())));
    const QString sentence = written ? QString() : QString::fromStdString(written.error().message);
    QMetaObject::invokeMethod(
        this,
        [this, sentence, done] {
          if (!sentence.isEmpty()) return Q_EMIT failed(sentence);
          if (done) done();
        },
        Qt::QueuedConnection);
  });
}

}  // namespace weft::ui
