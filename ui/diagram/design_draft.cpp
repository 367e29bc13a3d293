#include "ui/diagram/design_draft.h"

#include <QCryptographicHash>
#include <QDateTime>
#include <QDir>
#include <QFileInfo>
#include <QJsonDocument>
#include <QJsonObject>
#include <QLockFile>
#include <QStandardPaths>
#include <algorithm>

#include "engine/base/files.h"

namespace weft::ui {
namespace {

constexpr int kVersion = 1;
constexpr int kDelay_ms = 500;
constexpr int kMostWindows = 16;  // on one project

QString numbered(const QString& stem, int number) {
  return number == 1 ? stem + QStringLiteral(".json") : QStringLiteral("%1-%2.json").arg(stem).arg(number);
}

// Files without their number: the first is the usual one, the second for a project that cannot be written.
QStringList stems(const QString& projectFolder) {
  const QDir data(QStandardPaths::writableLocation(QStandardPaths::AppDataLocation));
  if (projectFolder.isEmpty()) return {data.filePath(QStringLiteral("design-draft"))};
  const QByteArray path = QCryptographicHash::hash(projectFolder.toUtf8(), QCryptographicHash::Sha1).toHex();
  return {QDir(projectFolder).filePath(QStringLiteral("drafts/design")),
          data.filePath(QStringLiteral("drafts/") + QString::fromLatin1(path))};
}

Result<DraftContent> readDraft(const QString& file) {
  WEFT_ASSIGN(const std::string bytes, readFile(file.toStdString()));
  return parseDraft(QByteArray::fromStdString(bytes));
}

}  // namespace

// One file of a draft, held by a lock beside it. A window that crashed leaves a lock whose process is gone: the next
// one takes it over.
class DesignDraft::Slot {
 public:
  struct Taken {
    std::shared_ptr<Slot> slot;  // nullptr: no folder can be written
    std::optional<DraftContent> content;
    QString unreadable;     // the sentence of a file that is no draft
    bool isShared = false;  // another window holds a file of this owner
    QString others;         // a readable draft that no window holds
  };

  Slot(QString file, std::unique_ptr<QLockFile> lock) : m_file(std::move(file)), m_lock(std::move(lock)) {}
  ~Slot() {
    m_lock->unlock();
    // Nothing was drawn: nothing stays. A folder that is not empty stays.
    QDir().rmdir(QFileInfo(m_file).path());
  }
  const QString& file() const { return m_file; }

  static Taken take(const QString& projectFolder) {
    Taken taken;
    // The newest draft first: a window that was closed last is the one that is opened again.
    std::vector<QFileInfo> kept;
    for (const QString& stem : stems(projectFolder)) {
      std::vector<QFileInfo> here;
      for (int number = 1; number <= kMostWindows; ++number)
        if (const QFileInfo file(numbered(stem, number)); file.exists()) here.push_back(file);
      std::stable_sort(here.begin(), here.end(),
                       [](const QFileInfo& a, const QFileInfo& b) { return a.lastModified() > b.lastModified(); });
      kept.insert(kept.end(), here.begin(), here.end());
    }
    for (const QString& stem : stems(projectFolder)) {
      const QString folder = QFileInfo(stem).path();
      if (!createFolders(folder.toStdString()) || !QFileInfo(folder).isWritable()) continue;
      for (const QFileInfo& file : kept)
        if (file.path() == folder) tryExisting(file.filePath(), taken);
      for (int number = 1; number <= kMostWindows && !taken.slot; ++number) {
        const QString file = numbered(stem, number);
        if (QFileInfo::exists(file)) continue;
        if (auto lock = lockOf(file, taken)) taken.slot = std::make_shared<Slot>(file, std::move(lock));
      }
      if (taken.slot) break;
    }
    // Nothing of its own yet: it begins with what the others see.
    for (const QFileInfo& file : kept) {
      if (taken.content) break;
      if (auto content = readDraft(file.filePath())) taken.content = *std::move(content);
    }
    return taken;
  }

 private:
  static std::unique_ptr<QLockFile> lockOf(const QString& file, Taken& taken) {
    auto lock = std::make_unique<QLockFile>(file + QStringLiteral(".lock"));
    lock->setStaleLockTime(0);  // an open window may hold it for days
    if (lock->tryLock(0)) return lock;
    if (lock->error() == QLockFile::LockFailedError) taken.isShared = true;
    return nullptr;
  }

  static void tryExisting(const QString& file, Taken& taken) {
    auto lock = lockOf(file, taken);
    if (!lock) return;
    auto content = readDraft(file);
    if (!content) {
      // Older than what was taken, it was said before.
      if (taken.unreadable.isEmpty() && !taken.slot)
        taken.unreadable = QStringLiteral("%1 The file is left as it is: %2")
                               .arg(QString::fromStdString(content.error().message), file);
    } else if (!taken.slot) {
      taken.content = *std::move(content);
      taken.slot = std::make_shared<Slot>(file, std::move(lock));
      return;
    } else if (taken.others.isEmpty()) {
      taken.others = file;
    }
    lock->unlock();
  }

  QString m_file;
  std::unique_ptr<QLockFile> m_lock;
};

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
    return fail(ErrorCode::Corrupt,
                "The draft of the last session is not readable; the editor starts with its first preset.",
                problem.errorString().toStdString());
  if (object["version"].toInt() > kVersion)
    return fail(ErrorCode::NewerVersion,
                "The draft of the last session was written by a newer Weft; the editor starts with its first preset.");
  DraftContent content;
  WEFT_ASSIGN(content.config,
              config::parseRunConfig(object["config"].toString().toStdString(), "the draft of the last session"));
  content.design = {.name = object["name"].toString(), .model = content.config.model};
  config::ModelConfig& model = content.design.model;
  model.sharing = object["map"].toString().toStdString();
  model.layers = std::clamp(object["layers"].toInt(model.layers), 1, sharing::SharingMap::kMaximumLayers);
  content.request.cacheType =
      sharing::parseElementType(object["dtype"].toString().toStdString()).value_or(sharing::ElementType::BFloat16);
  content.request.context = std::max<std::int64_t>(1, object["context"].toInteger(content.request.context));
  content.request.batch = std::max<std::int64_t>(1, object["batch"].toInteger(content.request.batch));
  content.memoryChoice = object["memory"].toInt();
  return content;
}

DesignDraft::DesignDraft(QObject* parent) : QObject(parent) {
  m_pool.setMaxThreadCount(1);
  m_timer.setSingleShot(true);
  m_timer.setInterval(kDelay_ms);
  connect(&m_timer, &QTimer::timeout, this, &DesignDraft::flush);
}

DesignDraft::~DesignDraft() {
  flush();
  m_pool.waitForDone();
}

QStringList DesignDraft::files(const QString& projectFolder) {
  QStringList all;
  for (const QString& stem : stems(projectFolder))
    for (int number = 1; number <= kMostWindows; ++number) all << numbered(stem, number);
  return all;
}

void DesignDraft::answer(std::function<void()> onGuiThread) {
  QMetaObject::invokeMethod(this, std::move(onGuiThread), Qt::QueuedConnection);
}

void DesignDraft::open(const QString& projectFolder) {
  if (m_generation > 0) flush();
  m_owner = projectFolder;
  const int generation = ++m_generation;
  m_pool.start([this, projectFolder, generation] {
    m_slot.reset();
    Slot::Taken taken = Slot::take(projectFolder);
    m_slot = taken.slot;
    const QString notice =
        taken.isShared ? QStringLiteral("Another window is open %1: this one keeps a draft of its own.")
                             .arg(projectFolder.isEmpty() ? QStringLiteral("without a project, too")
                                                          : QStringLiteral("on this project, too"))
        : !taken.others.isEmpty()
            ? QStringLiteral("Another draft is kept in %1; a second window opens it.").arg(taken.others)
        : !taken.slot
            ? QStringLiteral(
                  "No folder for the draft of the design can be written: it is kept only while this window is open.")
            : QString();
    answer([this, generation, notice, unreadable = taken.unreadable, content = std::move(taken.content)] {
      if (generation != m_generation) return;
      if (content)
        Q_EMIT restored(*content);
      else
        Q_EMIT noneKept();
      if (!unreadable.isEmpty())
        Q_EMIT failed(unreadable);
      else if (!notice.isEmpty())
        Q_EMIT noticed(notice);
    });
  });
}

void DesignDraft::keep(const DraftContent& content) {
  m_pending = content;
  m_timer.start();
}

void DesignDraft::flush() {
  m_timer.stop();
  if (!m_pending) return;
  m_pool.start([this, bytes = toDraft(*m_pending)] {
    if (!m_slot) return;
    const auto written = writeFileAtomically(
        m_slot->file().toStdString(), std::string_view(bytes.constData(), static_cast<std::size_t>(bytes.size())));
    if (!written)
      answer([this, sentence = QString::fromStdString(written.error().message)] { Q_EMIT failed(sentence); });
  });
  m_pending.reset();
}

void DesignDraft::writeFile(const QString& file, QByteArray bytes, std::function<void()> done) {
  m_pool.start([this, file, bytes = std::move(bytes), done = std::move(done)] {
    auto written = createFolders(QFileInfo(file).path().toStdString());
    if (written)
      written = writeFileAtomically(file.toStdString(),
                                    std::string_view(bytes.constData(), static_cast<std::size_t>(bytes.size())));
    const QString sentence = written ? QString() : QString::fromStdString(written.error().message);
    answer([this, sentence, done] {
      if (!sentence.isEmpty()) return Q_EMIT failed(sentence);
      if (done) done();
    });
  });
}

}  // namespace weft::ui
