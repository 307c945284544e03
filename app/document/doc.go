// Package document owns what the program's content is written in: front
// matter, strict YAML, Markdown made into safe HTML (Japanese line breaks,
// ruby, clause anchors), digests, and the difference of two texts.
//
// It knows nothing of courses or policies. Problems in content carry file and
// line and are collected, so that an author sees all of them at once.
package document
