#include "ui/models/run_filter.h"

#include <QRegularExpression>
#include <algorithm>
#include <functional>
#include <optional>
#include <set>

#include "engine/base/text.h"
#include "engine/store/run_fields.h"

namespace weft::ui {
namespace {

using store::RunSummary;
using Field = store::RunField;

enum class Operator { Equal, NotEqual, Less, LessEqual, Greater, GreaterEqual, Matches };

std::optional<Field> findField(const QString& name) { return store::runFieldNamed(name.toStdString()); }

QString nameOf(const Field& field) { return QString::fromStdString(field.name); }

// What a filter compares: a run without a plugin keeps its cache "dense", as the tables say.
QString valueText(const Field& field, const RunSummary& run) {
  if (field.name == "cache" && run.cache.empty()) return QStringLiteral("dense");
  return QString::fromStdString(store::textOf(field, run));
}

QString nearestField(const QString& name) {
  std::vector<std::string> names;
  for (const Field& field : store::runFields()) names.push_back(field.name);
  return QString::fromStdString(nearestName(name.toLower().toStdString(), names));
}

std::optional<double> parseNumber(const QString& text) {
  static const QString suffixes = QStringLiteral("kMG");
  double scale = 1;
  QString digits = text;
  digits.remove(u',');
  if (!digits.isEmpty() && suffixes.contains(digits.back())) {
    scale = digits.back() == u'k' ? 1e3 : digits.back() == u'M' ? 1e6 : 1e9;
    digits.chop(1);
  }
  bool ok = false;
  const double value = digits.toDouble(&ok);
  if (!ok) return std::nullopt;
  return value * scale;
}

struct Token {
  enum class Kind { Word, Quoted, Operator, Open, Close, End };
  Kind kind = Kind::End;
  QString text;
  int begin = 0, end = 0;
};

bool isWordCharacter(QChar c) { return c.isLetterOrNumber() || QStringLiteral("_-.:,*/+").contains(c); }

tl::expected<std::vector<Token>, FilterError> tokenize(const QString& text) {
  std::vector<Token> tokens;
  const int size = static_cast<int>(text.size());
  for (int at = 0; at < size;) {
    const QChar c = text[at];
    const int begin = at;
    if (c.isSpace()) {
      ++at;
    } else if (c == u'"' || c == u'\'') {
      const int end = static_cast<int>(text.indexOf(c, at + 1));
      if (end < 0)
        return tl::unexpected(
            FilterError{QStringLiteral("The text that begins here has no closing %1.").arg(c), begin, size});
      tokens.push_back({Token::Kind::Quoted, text.mid(at + 1, end - at - 1), begin, end + 1});
      at = end + 1;
    } else if (c == u'(' || c == u')') {
      tokens.push_back({c == u'(' ? Token::Kind::Open : Token::Kind::Close, QString(c), begin, begin + 1});
      ++at;
    } else if (QStringLiteral("=!<>~").contains(c)) {
      ++at;
      if (at < size && text[at] == u'=') ++at;
      const QString symbol = text.mid(begin, at - begin);
      if (symbol == QStringLiteral("!") || symbol == QStringLiteral("~="))
        return tl::unexpected(FilterError{
            QStringLiteral("“%1” is no comparison; there are = != < <= > >= and ~.").arg(symbol), begin, at});
      tokens.push_back({Token::Kind::Operator, symbol, begin, at});
    } else if (isWordCharacter(c)) {
      while (at < size && isWordCharacter(text[at])) ++at;
      tokens.push_back({Token::Kind::Word, text.mid(begin, at - begin), begin, at});
    } else {
      return tl::unexpected(FilterError{QStringLiteral("“%1” has no meaning in a filter.").arg(c), begin, begin + 1});
    }
  }
  tokens.push_back({Token::Kind::End, {}, size, size});
  return tokens;
}

}  // namespace

struct RunFilter::Node {
  enum class Kind { And, Or, Not, Compare, Text };
  Kind kind = Kind::Text;
  int begin = 0, end = 0;
  std::vector<std::shared_ptr<const Node>> children;
  std::optional<Field> field;
  Operator op = Operator::Equal;
  QString text;
  double number = 0;
  QRegularExpression pattern;

  bool matches(const RunSummary& run) const;
  bool mentions(const QString& name) const {
    if (field && nameOf(*field) == name) return true;
    return std::any_of(children.begin(), children.end(), [&](const auto& child) { return child->mentions(name); });
  }
};

namespace {

bool compareNumbers(double value, Operator op, double with) {
  switch (op) {
    case Operator::Equal:
      return value == with;
    case Operator::NotEqual:
      return value != with;
    case Operator::Less:
      return value < with;
    case Operator::LessEqual:
      return value <= with;
    case Operator::Greater:
      return value > with;
    case Operator::GreaterEqual:
      return value >= with;
    case Operator::Matches:
      return false;
  }
  return false;
}

bool compareTexts(const QString& value, Operator op, const QString& with, const QRegularExpression& pattern) {
  if (op == Operator::Matches) return pattern.match(value).hasMatch();
  const int order = value.compare(with, Qt::CaseInsensitive);
  return compareNumbers(order, op, 0);
}

}  // namespace

bool RunFilter::Node::matches(const RunSummary& run) const {
  switch (kind) {
    case Kind::And:
      return std::all_of(children.begin(), children.end(), [&](const auto& child) { return child->matches(run); });
    case Kind::Or:
      return std::any_of(children.begin(), children.end(), [&](const auto& child) { return child->matches(run); });
    case Kind::Not:
      return !children.front()->matches(run);
    case Kind::Text: {
      const auto has = [&](const std::string& where) {
        return QString::fromStdString(where).contains(text, Qt::CaseInsensitive);
      };
      return has(run.name) || has(run.map) || has(run.generator) || std::any_of(run.tags.begin(), run.tags.end(), has);
    }
    case Kind::Compare:
      break;
  }
  if (field->isFlag()) return (store::numberOf(*field, run) == 1.0) == (op == Operator::Equal);
  if (field->isNumber()) {
    const std::optional<double> value = store::numberOf(*field, run);
    return value && compareNumbers(*value, op, number);
  }
  if (field->isText()) return compareTexts(valueText(*field, run), op, text, pattern);
  const Operator one = op == Operator::NotEqual ? Operator::Equal : op;
  const bool any = std::any_of(run.tags.begin(), run.tags.end(), [&](const std::string& tag) {
    return compareTexts(QString::fromStdString(tag), one, text, pattern);
  });
  return any != (op == Operator::NotEqual);
}

// Recursive descent over the tokens; the first error wins. A member of RunFilter because Node is private to it.
struct RunFilter::Parser {
  using NodePointer = std::shared_ptr<const Node>;
  using Parsed = tl::expected<NodePointer, FilterError>;
  std::vector<Token> tokens;
  std::size_t at = 0;
  int depth = 0;

  const Token& next() const { return tokens[at]; }
  bool isWord(const char* word) const {
    return next().kind == Token::Kind::Word && next().text.compare(QLatin1String(word), Qt::CaseInsensitive) == 0;
  }
  static tl::unexpected<FilterError> wrong(const QString& message, const Token& token) {
    return tl::unexpected(FilterError{message, token.begin, std::max(token.end, token.begin)});
  }

  Parsed chain(const char* word, Node::Kind kind, Parsed (Parser::*part)()) {
    Parsed first = (this->*part)();
    if (!first || !isWord(word)) return first;
    auto node = std::make_shared<Node>();
    node->kind = kind;
    node->children.push_back(*first);
    while (isWord(word)) {
      ++at;
      Parsed more = (this->*part)();
      if (!more) return more;
      node->children.push_back(*more);
    }
    node->begin = node->children.front()->begin;
    node->end = node->children.back()->end;
    return node;
  }
  Parsed either() { return chain("or", Node::Kind::Or, &Parser::both); }
  Parsed both() { return chain("and", Node::Kind::And, &Parser::negated); }

  Parsed negated() {
    if (!isWord("not")) return primary();
    if (++depth > kMaximumDepth) return wrong(QStringLiteral("The filter is nested too deep."), next());
    const int begin = next().begin;
    ++at;
    Parsed inner = negated();
    --depth;
    if (!inner) return inner;
    auto node = std::make_shared<Node>();
    node->kind = Node::Kind::Not;
    node->begin = begin;
    node->end = (*inner)->end;
    node->children.push_back(*inner);
    return node;
  }

  Parsed primary() {
    const Token token = next();
    if (token.kind == Token::Kind::End)
      return wrong(QStringLiteral("A condition is missing at the end, such as state = running."), token);
    if (token.kind == Token::Kind::Open) {
      if (++depth > kMaximumDepth) return wrong(QStringLiteral("The filter is nested too deep."), token);
      ++at;
      Parsed inner = either();
      --depth;
      if (!inner) return inner;
      if (next().kind != Token::Kind::Close) return wrong(QStringLiteral("This parenthesis is not closed."), token);
      auto node = std::make_shared<Node>(**inner);
      node->begin = token.begin;
      node->end = next().end;
      ++at;
      return node;
    }
    if (token.kind == Token::Kind::Close || token.kind == Token::Kind::Operator)
      return wrong(QStringLiteral("A field is missing before “%1”.").arg(token.text), token);
    ++at;
    const bool compares = next().kind == Token::Kind::Operator;
    if (token.kind == Token::Kind::Quoted || (!compares && !findField(token.text))) return lone(token);
    if (isKeyword(token)) return wrong(QStringLiteral("A condition is missing before “%1”.").arg(token.text), token);
    return comparison(token);
  }

  static bool isKeyword(const Token& token) {
    const QString word = token.text.toLower();
    return token.kind == Token::Kind::Word &&
           (word == QStringLiteral("and") || word == QStringLiteral("or") || word == QStringLiteral("not"));
  }

  Parsed lone(const Token& token) {
    if (isKeyword(token)) return wrong(QStringLiteral("A condition is missing before “%1”.").arg(token.text), token);
    if (token.kind == Token::Kind::Word)
      // A short word is rather the beginning of a name than a mistyped field.
      if (const QString near = nearestField(token.text); token.text.size() >= 5 && !near.isEmpty())
        return wrong(QStringLiteral("There is no field “%1”; %2 is meant, or write it in quotes to search for it.")
                         .arg(token.text, near),
                     token);
    auto node = std::make_shared<Node>();
    node->kind = Node::Kind::Text;
    node->text = token.text;
    node->begin = token.begin;
    node->end = token.end;
    return node;
  }

  Parsed comparison(const Token& name) {
    const std::optional<Field> field = findField(name.text);
    if (!field) {
      const QString near = nearestField(name.text);
      return wrong(near.isEmpty() ? QStringLiteral("There is no field “%1”.").arg(name.text)
                                  : QStringLiteral("There is no field “%1”; %2 is near.").arg(name.text, near),
                   name);
    }
    auto node = std::make_shared<Node>();
    node->kind = Node::Kind::Compare;
    node->field = field;
    node->begin = name.begin;
    node->end = name.end;
    if (next().kind != Token::Kind::Operator) {
      if (field->isFlag()) return node;
      return wrong(QStringLiteral("%1 needs a comparison, such as %1 %2.")
                       .arg(nameOf(*field), field->isNumber() ? QStringLiteral("<= 100") : QStringLiteral("~ cla")),
                   name);
    }
    const Token sign = next();
    static const std::vector<std::pair<QString, Operator>> operators{
        {QStringLiteral("="), Operator::Equal},         {QStringLiteral("=="), Operator::Equal},
        {QStringLiteral("!="), Operator::NotEqual},     {QStringLiteral("<"), Operator::Less},
        {QStringLiteral("<="), Operator::LessEqual},    {QStringLiteral(">"), Operator::Greater},
        {QStringLiteral(">="), Operator::GreaterEqual}, {QStringLiteral("~"), Operator::Matches}};
    for (const auto& [symbol, op] : operators)
      if (symbol == sign.text) node->op = op;
    ++at;
    const Token value = next();
    if (value.kind != Token::Kind::Word && value.kind != Token::Kind::Quoted)
      return wrong(QStringLiteral("A value is missing after “%1 %2”.").arg(nameOf(*field), sign.text),
                   value.kind == Token::Kind::End ? sign : value);
    ++at;
    node->end = value.end;
    if (auto problem = setValue(*node, sign, value)) return tl::unexpected(*problem);
    return node;
  }

  static std::optional<FilterError> setValue(Node& node, const Token& sign, const Token& value) {
    const Field& field = *node.field;
    const auto error = [](const QString& message, const Token& token) {
      return FilterError{message, token.begin, token.end};
    };
    node.text = value.text;
    if (field.isNumber()) {
      if (node.op == Operator::Matches)
        return error(QStringLiteral("%1 is a number: ~ searches only in texts.").arg(nameOf(field)), sign);
      const std::optional<double> number = parseNumber(value.text);
      if (!number)
        return error(QStringLiteral("%1 is compared with a number; “%2” is none.").arg(nameOf(field), value.text),
                     value);
      node.number = *number;
    } else if (field.isFlag()) {
      const QString word = value.text.toLower();
      if ((node.op != Operator::Equal && node.op != Operator::NotEqual) ||
          (word != QStringLiteral("true") && word != QStringLiteral("false")))
        return error(QStringLiteral("%1 is either true or false: write %1 or not %1.").arg(nameOf(field)), value);
      if (word == QStringLiteral("false")) node.op = node.op == Operator::Equal ? Operator::NotEqual : Operator::Equal;
    } else if (field.name == "state" && node.op != Operator::Matches) {
      if (const auto state = store::parseRunState(value.text.toLower().toStdString()); !state)
        return error(QString::fromStdString(state.error().message), value);
    }
    if (node.op == Operator::Matches) {
      node.pattern = QRegularExpression(value.text, QRegularExpression::CaseInsensitiveOption);
      if (!node.pattern.isValid())
        return error(QStringLiteral("“%1” is no regular expression: %2.").arg(value.text, node.pattern.errorString()),
                     value);
    }
    return std::nullopt;
  }

  static constexpr int kMaximumDepth = 100;
};

tl::expected<RunFilter, FilterError> RunFilter::parse(const QString& text) {
  RunFilter filter;
  if (text.trimmed().isEmpty()) return filter;
  auto tokens = tokenize(text);
  if (!tokens) return tl::unexpected(tokens.error());
  Parser parser{std::move(*tokens)};
  auto root = parser.either();
  if (!root) return tl::unexpected(root.error());
  if (const Token& rest = parser.next(); rest.kind != Token::Kind::End)
    return tl::unexpected(FilterError{QStringLiteral("Join conditions with and or or before “%1”.").arg(rest.text),
                                      rest.begin, rest.end});
  filter.m_root = std::move(*root);
  return filter;
}

const QStringList& RunFilter::fields() {
  static const QStringList names = [] {
    QStringList list;
    for (const Field& field : store::runFields()) list << nameOf(field);
    return list;
  }();
  return names;
}

QStringList RunFilter::values(const QString& field, const RunRows& runs) {
  const std::optional<Field> found = findField(field);
  std::set<QString> values;
  if (found)
    for (const RunSummary& run : runs) {
      if (found->isText()) values.insert(valueText(*found, run));
      if (found->isList())
        for (const std::string& tag : run.tags) values.insert(QString::fromStdString(tag));
    }
  values.erase(QString());
  return {values.begin(), values.end()};
}

bool RunFilter::matches(const RunSummary& run) const { return !m_root || m_root->matches(run); }

bool RunFilter::mentions(const QString& field) const { return m_root && m_root->mentions(field); }

RunFilter::Clause RunFilter::mostExcluding(const RunRows& runs) const {
  Clause worst;
  if (!m_root || m_root->kind != Node::Kind::And) return worst;
  for (const auto& part : m_root->children) {
    const auto excluded = static_cast<int>(
        std::count_if(runs.begin(), runs.end(), [&](const RunSummary& run) { return !part->matches(run); }));
    if (worst.begin == worst.end || excluded > worst.excluded) worst = {part->begin, part->end, excluded};
  }
  return worst;
}

}  // namespace weft::ui
