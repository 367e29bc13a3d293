// ui/compare/setting_model.h -- two configurations side by side, all settings or only those that differ.
#pragma once

#include <QAbstractTableModel>
#include <string>
#include <vector>

#include "engine/base/result.h"

namespace weft::ui {

struct Setting {
  QString key;  // dotted, as --set takes it
  QString a, b;
  bool differs() const { return a != b; }
};
// Every setting of two config.toml texts, in file order, but for name and tags, which say nothing about a run. One text
// alone: compared with itself.
[[nodiscard]] Result<std::vector<Setting>> compareSettings(const std::string& a, const std::string& b);

class SettingModel : public QAbstractTableModel {
  Q_OBJECT
 public:
  using QAbstractTableModel::QAbstractTableModel;
  void setSettings(std::vector<Setting> settings);
  void setDifferencesOnly(bool only);
  int settingCount() const { return static_cast<int>(m_settings.size()); }
  int differenceCount() const;

  int rowCount(const QModelIndex& parent = {}) const override;
  int columnCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
  QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;

 private:
  void rebuild();
  std::vector<Setting> m_settings;
  std::vector<std::size_t> m_rows;
  bool m_onlyDifferences = true;
};

}  // namespace weft::ui
