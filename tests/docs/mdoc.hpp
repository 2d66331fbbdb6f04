// mdoc: plain text in the language of manual pages, mdoc(7).
#pragma once

#include <string>
#include <string_view>

namespace docs {

// Sentences, one a line. Text between backquotes is literal: `a-word` is a command word, `--an-option` an option,
// `page(5)` a reference, `a/file` a file, `SIGNAL` a signal, anything else as it would be typed, in quotes where it has spaces. `placeholder` stands for
// a value wherever it is a word of the text; of "ONE@OTHER" both do. Empty: there is none.
std::string mdoc_text(std::string_view plain, std::string_view placeholder = "");

// One argument of a macro, which reads it as a word and never as a macro or a delimiter.
std::string mdoc_argument(std::string_view literal);

}  // namespace docs
