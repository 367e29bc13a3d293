#include "ui/compare/setting_model.h"

#include <algorithm>

#include "engine/config/run_config.h"
#include "ui/parts/theme.h"

namespace weft::ui {
namespace {

bool isLabel(const std::string& key) { return key == "name" || key == "tags"; }

// "cla2" rather than its quotes: the table is read, not parsed.
QString plain(const std::string& value) {
  const QString text = QString::fromStdString(value);
  return text.size() >= 2 && text.startsWith(u'"') && text.endsWith(u'"') ? text.mid(1, text.size() - 2) : text;
}

}  // namespace

Result<std::vector<Setting>> compareSettings(const std::string& a, const std::string& b) {
  WEFT_ASSIGN(const config::RunConfig first, config::parseRunConfig(a, "config.toml"));
  WEFT_ASSIGN(const config::RunConfig second, config::parseRunConfig(b, "config.toml"));
  const auto left = config::flatten(first), right = config::flatten(second);
  std::vector<Setting> settings;
  for (std::size_t i = 0; i < left.size() && i < right.size(); ++i)
    if (!isLabel(left[i].first))
      settings.push_back({QString::fromStdString(left[i].first), plain(left[i].second), plain(right[i].second)});
  return settings;
}

void SettingModel::setSettings(std::vector<Setting> settings) {
  m_settings = std::move(settings);
  rebuild();
}

void SettingModel::setDifferencesOnly(bool only) {
  m_onlyDifferences = only;
  rebuild();
}

int SettingModel::differenceCount() const {
  return static_cast<int>(
      std::count_if(m_settings.begin(), m_settings.end(), [](const Setting& setting) { return setting.differs(); }));
}

void SettingModel::rebuild() {
  beginResetModel();
  m_rows.clear();
  for (std::size_t i = 0; i < m_settings.size(); ++i)
    if (!m_onlyDifferences || m_settings[i].differs()) m_rows.push_back(i);
  endResetModel();
}

int SettingModel::rowCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : static_cast<int>(m_rows.size());
}
int SettingModel::columnCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : 3; }

QVariant SettingModel::data(const QModelIndex& index, int role) const {
  if (!checkIndex(index, CheckIndexOption::IndexIsValid)) return {};
  const Setting& setting = m_settings[m_rows[static_cast<std::size_t>(index.row())]];
  const QString text = index.column() == 0 ? setting.key : index.column() == 1 ? setting.a : setting.b;
  switch (role) {
    case Qt::DisplayRole:
    case Qt::ToolTipRole:
      return text;
    case Qt::FontRole:
      return index.column() == 0 ? bodyFont() : fixedFont();
    case Qt::ForegroundRole:
      return index.column() == 0 || !setting.differs() ? Theme::current().text2 : Theme::current().text;
    default:
      return {};
  }
}

QVariant SettingModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal || role != Qt::DisplayRole) return {};
  return section == 0 ? QStringLiteral("Setting") : section == 1 ? QStringLiteral("A") : QStringLiteral("B");
}

}  // namespace weft::ui
