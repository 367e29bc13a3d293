// ui/window/new_project_dialog.h -- New project: name and parent folder, what will be made in one sentence, or why not
// and the ways out. A folder that is a project already is opened instead; nothing is ever made among other files. The
// disk is looked at in the background while the user types.
#pragma once

#include <QLineEdit>

#include "ui/models/project_opener.h"
#include "ui/parts/sheet.h"

class QCheckBox;
class QPushButton;
class QHBoxLayout;

namespace weft::ui {

class TextLabel;

class NewProjectDialog : public Sheet {
  Q_OBJECT
 public:
  // `usualParent`, the folder of new projects, is made without a question if it is not there.
  NewProjectDialog(const QString& usualParent, QWidget* window);

  QLineEdit* nameField() const { return m_name; }
  QLineEdit* parentField() const { return m_parent; }
  QPushButton* button() const { return m_button; }  // "Create project" or "Open project"
  // What stands in the dialog now: what will be made, or the refusal. Without the marks at which long paths break.
  QString statement() const;
  bool isRefused() const { return m_state == State::Refused; }

 Q_SIGNALS:
  // A project is there: made a moment ago, or before.
  void chosen(const QString& folder, bool opensDesign);

 protected:
  void accept() override;
  void keyPressEvent(QKeyEvent* event) override;

 private:
  enum class State { Looking, Ready, Exists, Refused, Making };
  struct WayOut {
    QString text;
    std::function<void()> take;
  };
  QString name() const { return m_name->text(); }
  QString parentFolder() const;
  void buildFields();
  void buildFoot();
  void edited();
  void look();
  void judge(const PlaceLook& look);
  void make();
  void finish(const QString& folder);
  void setState(State state, const QString& statement);
  void refuse(const QString& sentence, QLineEdit* at, const std::vector<WayOut>& waysOut = {});
  void browse();

  QString m_usualParent;
  QString m_agreedParent;        // the missing folder that the user said to make
  QString m_folder;              // what was looked at
  bool m_isNameOurs = true;      // proposed, not typed
  bool m_isLooking = false;      // one look at a time: a slow disk must not gather them
  bool m_wantsToAccept = false;  // Enter came before the answer
  int m_generation = 0;          // of the fields; an answer to an older one only makes us look again
  State m_state = State::Looking;

  QLineEdit* m_name;
  QLineEdit* m_parent;
  QPushButton* m_browse;
  TextLabel* m_space;  // below the parent folder
  QWidget* m_refusal;
  TextLabel* m_refusalText;
  QHBoxLayout* m_waysOut;
  QWidget* m_plan;
  TextLabel* m_planTitle;
  TextLabel* m_planText;
  QCheckBox* m_opensDesign;
  TextLabel* m_hint;
  QPushButton* m_button;
};

}  // namespace weft::ui
