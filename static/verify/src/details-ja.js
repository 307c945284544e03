// The verifier says details in English, as its command does. These are the same
// in Japanese; one without a translation is left out rather than shown in a
// language that the reader did not choose.

const details = [
  [/^the line does not end with U\+000A$/, "行が改行（U+000A）で終わっていません"],
  [/^the line is not UTF-8$/, "行が UTF-8 の文字ではありません"],
  [/^"(.*)" is wanted here$/, "ここには「$1」が必要です"],
  [/^an empty line is wanted here$/, "ここには空の行が必要です"],
  [/^a line of the text is wanted here$/, "ここには、縦棒で始まる文面の行が必要です"],
  [/^a line of the declaration is wanted here$/, "ここには、縦棒で始まる誓約の言葉の行が必要です"],
  [/^the record has more than (\d+) bytes$/, "記録が $1 バイトを超えています"],
  [/^the salt is not the base64 of 32 bytes$/, "ソルトが 32 バイトの base64 ではありません"],
  [/^the index is not a number$/, "台帳での番号が、数として書かれていません"],
  [/^a hash in base64 is wanted here, at most (\d+) of them$/, "ここには base64 のハッシュが必要です（最大 $1 個）"],
  [/^the checkpoint is too large$/, "チェックポイントが大きすぎます"],
  [/^the checkpoint is not three lines and signatures$/, "チェックポイントが、3行と署名の形になっていません"],
  [/^the checkpoint has a malformed size or root$/, "チェックポイントの件数か根が、決まった書き方になっていません"],
  [/^the checkpoint does not end with a signature line$/, "チェックポイントが、署名の行で終わっていません"],
  [/^the checkpoint has a malformed signature line$/, "署名の行が、決まった書き方になっていません"],
  [/^the checkpoint has two signatures of one key$/, "一つの鍵の署名が二つあります"],
  [/^it is not UTF-8, or holds a control character$/, "UTF-8 の文字でないか、制御文字があります"],
  [/^a signature has no proper name, or there are too many$/, "署名した鍵の名前が正しくないか、署名が多すぎます"],
  [/^it is not in the canonical form of RFC 8785$/, "RFC 8785 の正規の形ではありません"],
  [/^it is not an object$/, "オブジェクトではありません"],
  [/^it is not JSON$/, "JSON ではありません"],
  [/^something stands behind it$/, "後ろに余分なものがあります"],
  [/^a member stands twice$/, "同じ項目が2回あります"],
  [/^it is nested (?:too deep|deeper than \d+)$/, "入れ子が深すぎます"],
  [/^it holds half of a surrogate pair$/, "サロゲートの片方だけがあります"],
  [/^it holds what is neither JSON nor a small integer$/, "JSON でも、53 ビットまでの整数でもないものがあります"],
  [/^it holds an integer of more than 53 bits$/, "53 ビットを超える整数があります"],
  [/^it holds a null$/, "null があります"],
  [/^a string is not in Normalization Form C, or holds U\+FFFD$/, "文字列が正規化形式 C でないか、失われた文字（U+FFFD）があります"],
  [/^it has a member (.*)$/s, "知らない項目「$1」があります"],
  [/^signin has a member (.*)$/s, "signin に知らない項目「$1」があります"],
  [/^(\w+) is no string of 1 to (\d+) bytes without control characters$/, "$1 が、制御文字のない 1 から $2 バイトの文字列ではありません"],
  [/^kind is not dotted words and a version$/, "kind が、点でつないだ語と版の形になっていません"],
  [/^(at|auth_at) is no time$/, "$1 が時刻ではありません"],
  [/^body is no object$/, "body がオブジェクトではありません"],
  [/^signin is no object with members$/, "signin が、項目のあるオブジェクトではありません"],
  [/^amr is no list of strings$/, "amr が文字列の並びではありません"],
];

export function detailInJapanese(text) {
  const found = details.find(([pattern]) => pattern.test(text));
  return found ? text.replace(found[0], found[1]) : null;
}
