package mongodb

import "go.mongodb.org/mongo-driver/v2/bson"

// collection is a collection as it must be.
type collection struct {
	name    string
	shape   bson.D // of its documents
	indexes []index
}

// index is an index as it must be, beside the one on _id.
type index struct {
	name    string
	keys    bson.D
	unique  bool
	partial bson.D // only documents that match are in it
}

// collections are the declared schema. Who changes it writes a migration; see
// migrations.
var collections = []collection{
	{"log", object(long("_id"), long("next"), list("entries", 1, inner(
		long("seq"), text("key"), text("kind"), text("actor"), text("subject"), text("object"), text("scope"), moments("at"),
		bytesOf("record"), bytesOf("salt"), bytesOf("leaf"), bytesOf("hashes"),
	))), []index{
		{name: "log_next", keys: by("next"), unique: true},
		{name: "log_key", keys: by("entries.key"), unique: true},
		{name: "log_subject", keys: by("entries.subject", "_id")},
		{name: "log_actor", keys: by("entries.actor", "_id")},
		// Many entries share an object or a kind: a span of time is looked for in
		// the index itself.
		{name: "log_object", keys: by("entries.object", "_id", "entries.at")},
		{name: "log_kind", keys: by("entries.kind", "_id", "entries.at")},
		{name: "log_at", keys: by("entries.at", "_id")},
	}},
	{"checkpoint", object(long("_id"), bytesOf("root"), bytesOf("note"), moments("at")), nil},

	{"cosignature", object(objectID("_id"), long("size"), long("nth"), text("witness"), text("line"), moments("at")), []index{
		{name: "cosignature_place", keys: by("size", "nth"), unique: true},
		{name: "cosignature_witness", keys: by("witness", "size"), unique: true},
		{name: "cosignature_nth", keys: by("nth", "size")},
	}},

	{"roster_change", object(long("_id"), text("change")), nil},
	{"person", object(objectID("_id"), text("change"), long("revision"), text("id"), text("number"), text("name"), text("kana"),
		text("mail"), text("employment"), text("post"), long("joined_on"), long("left_on"), stays("leaves"), stays("memberships"),
		optional(boolean("gone"))), []index{
		{name: "person_id", keys: by("id", "revision")},
		{name: "person_change", keys: by("change", "id"), unique: true},
	}},
	{"department", object(objectID("_id"), text("change"), long("revision"), text("id"), text("name"), text("parent"),
		long("position"), boolean("out_of_scope")), []index{
		{name: "department_id", keys: by("id", "revision")},
		{name: "department_change", keys: by("change", "id"), unique: true},
	}},

	{"login", object(text("_id"), text("browser_hash"), text("provider"), text("nonce"), text("verifier"), text("return_to"),
		moments("started_at")), []index{
		{name: "login_started", keys: by("started_at")},
	}},
	{"link", object(part("_id", inner(text("issuer"), text("subject"))), text("issuer"), text("person"), moments("linked_at")), []index{
		{name: "link_person", keys: by("person", "issuer"), unique: true},
	}},
	{"session", object(text("_id"), text("person"), text("provider"), text("issuer"), text("subject"), text("sid"), text("acr"),
		optional(list("amr", 0, bson.D{{Key: "bsonType", Value: "string"}})), moments("auth_at"), text("id_token"),
		moments("created_at"), moments("seen_at")), []index{
		{name: "session_person", keys: by("person")},
		{name: "session_subject", keys: by("subject")},
		{name: "session_sid", keys: by("sid")},
		{name: "session_issuer", keys: by("issuer")},
		{name: "session_created", keys: by("created_at")},
		{name: "session_seen", keys: by("seen_at")},
	}},
	{"used_token", object(text("_id"), moments("expires_at")), []index{
		{name: "used_token_expires", keys: by("expires_at")},
	}},

	{"course_place", object(part("_id", inner(text("scope"), text("person"), text("course"))), text("scope"), text("person"), texts("done"), texts("practised"), long("failed"),
		moments("started_at"), moments("updated_at"), long("revision")), []index{
		{name: "place_scope", keys: by("scope", "person")},
		{name: "place_person", keys: by("person")}, // for erasure
	}},
	{"attempt", object(text("_id"), text("person"), text("course"), text("scope"), text("purpose"), optional(boolean("open")),
		optional(list("drawn", 1, inner(text("question"), texts("options"), nothingOr("answer", "array"), optional(boolean("again"))))),
		moments("started_at"), optional(moments("submitted_at")), long("right"), boolean("passed"), long("revision")), []index{
		{name: "attempt_person", keys: by("person", "course", "started_at", "_id")},
		// Two tabs share one attempt.
		{name: "attempt_open", keys: by("person", "course", "scope", "purpose"), unique: true, partial: is("open", true)},
	}},

	{"publication", object(part("_id", inner(text("policy"), long("version"), text("language"))), text("digest"),
		moments("published_at"), bytesOf("body")), []index{
		{name: "publication_digest", keys: by("digest", "_id")},
	}},
	{"kept_text", object(text("_id"), bytesOf("body")), nil},

	{"job_run", object(objectID("_id"), text("job"), moments("due_at"), text("owner"), moments("lease_at"), moments("started_at"),
		optional(moments("ended_at")), text("outcome"), optional(text("report"))), []index{
		{name: "job_run_due", keys: by("job", "due_at"), unique: true},
	}},

	{"message", object(text("_id"), text("person"), text("state"), text("reason"), moments("at"), moments("next_at"), text("holder"),
		long("attempts"), moments("settled_at"), text("answer")), []index{
		// Few wait, and many have been sent.
		{name: "message_due", keys: by("next_at", "_id"), partial: is("state", "waiting")},
		{name: "message_person", keys: by("person", "at", "_id")},
		{name: "message_state", keys: by("state", "at", "_id")},
	}},
	{"reader", object(text("_id"), long("seq")), nil},

	{"setting", object(text("_id"), text("settings")), nil},

	{"edition", object(long("_id"), text("content"), text("registers"), text("program"), optional(text("published_by")), moments("published_at"), bytesOf("bundle")), []index{
		{name: "edition_content", keys: by("content")},
		{name: "edition_registers", keys: by("registers")},
	}},
}

// field is a field of a document's shape.
type field struct {
	name     string
	shape    bson.D
	optional bool
}

func of(name, kind string) field       { return field{name: name, shape: is("bsonType", kind)} }
func text(name string) field           { return of(name, "string") }
func long(name string) field           { return of(name, "long") }
func boolean(name string) field        { return of(name, "bool") }
func moments(name string) field        { return of(name, "date") }
func objectID(name string) field       { return of(name, "objectId") }
func part(name string, s bson.D) field { return field{name: name, shape: s} }
func optional(f field) field           { f.optional = true; return f }

// bytesOf is bytes, which are left out when empty.
func bytesOf(name string) field { return optional(of(name, "binData")) }

// nothingOr is null or of the kind.
func nothingOr(name, kind string) field {
	return field{name: name, shape: is("bsonType", bson.A{"null", kind})}
}

func list(name string, least int32, of bson.D) field {
	return field{name: name, shape: is("bsonType", "array", "minItems", least, "items", of)}
}

// texts is a list of texts, which is left out when empty.
func texts(name string) field { return optional(list(name, 0, is("bsonType", "string"))) }

// stays is a list of periods, some with a department.
func stays(name string) field {
	return optional(list(name, 0, inner(optional(text("department")), optional(long("from")), optional(long("until")))))
}

// object is the shape of a document, which says its version.
func object(fields ...field) bson.D {
	return inner(append([]field{{name: "v", shape: is("bsonType", "int", "minimum", int32(1))}}, fields...)...)
}

// inner is the shape of a document within a document: these fields and no
// others.
func inner(fields ...field) bson.D {
	required, properties := bson.A{}, bson.D{}
	for _, f := range fields {
		if !f.optional {
			required = append(required, f.name)
		}
		properties = append(properties, bson.E{Key: f.name, Value: f.shape})
	}
	shape := is("bsonType", "object", "properties", properties, "additionalProperties", false)
	if len(required) > 0 {
		shape = append(shape, bson.E{Key: "required", Value: required}) // an empty list is none to the server
	}
	return shape
}
