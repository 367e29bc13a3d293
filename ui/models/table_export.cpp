#include "ui/models/table_export.h"

#include <QCoreApplication>
#include <QPointer>
#include <QThreadPool>

#include "engine/base/files.h"
#include "engine/base/text.h"
#include "engine/service/client.h"

namespace weft::ui {
namespace {

QString quoted(const std::string& text) {
  QString field = QString::fromStdString(text);
  if (!field.contains(u',') && !field.contains(u'"') && !field.contains(u'\n')) return field;
  return QStringLiteral("\"%1\"").arg(field.replace(u'"', QStringLiteral("\"\"")));
}

QString number(std::optional<double> value) { return value ? QString::number(*value, 'g', 10) : QString(); }

}  // namespace

QString runsAsCsv(const std::vector<store::RunSummary>& runs) {
  QStringList lines{
      QStringLiteral("id,name,state,map,generator,query_heads,kv_heads,head_width,parameters,perplexity,kv_bytes_per_token,kv_bytes_measured,cache,"
                     "tokens_per_second,step,"
                     "steps,tokens,seed,tags,note")};
  for (const store::RunSummary& run : runs)
    lines << QStringList{QString::number(run.id.value),
                         quoted(run.name),
                         QString::fromLatin1(store::toString(run.state)),
                         quoted(run.map),
                         quoted(run.generator),
                         QString::number(run.queryHeads),
                         QString::number(run.kvHeads),
                         QString::number(run.headWidth),
                         QString::number(run.parameters),
                         number(run.perplexity),
                         number(run.kvBytesPerToken),
                         number(run.kvBytesPerTokenMeasured),
                         quoted(run.cache),
                         number(run.tokensPerSecond),
                         QString::number(run.step),
                         QString::number(run.steps),
                         QString::number(run.tokens),
                         QString::number(run.seed),
                         quoted(join(run.tags, " ")),
                         quoted(run.note)}
                 .join(u',');
  return lines.join(u'\n') + u'\n';
}

QString runsAsJson(const std::vector<store::RunSummary>& runs) {
  QStringList items;
  for (const store::RunSummary& run : runs) items << QString::fromStdString(service::toJson(run));
  return QStringLiteral("[%1]\n").arg(items.join(QStringLiteral(",\n ")));
}

void writeTextInBackground(const QString& path, const QString& text, QObject* context, std::function<void(const Result<void>&)> done) {
  QThreadPool::globalInstance()->start([path, text, guard = QPointer<QObject>(context), done = std::move(done)] {
    auto written = std::make_shared<Result<void>>(writeFileAtomically(path.toStdString(), text.toStdString()));
    QMetaObject::invokeMethod(
        QCoreApplication::instance(),
        [guard, done, written] {
          if (guard) done(*written);
        },
        Qt::QueuedConnection);
  });
}

}  // namespace weft::ui
