/*
** What npm's sqlite3 lacks for SQL that clients write: exact values, columns of empty answers, a look at what a statement may
** touch, and time and chance that are the same on every copy. Compiled by build.sh, loaded by the adapters of SQLite.
**
**   dbaas_run(sql, params, mode, atMs, seed, bytesMax, rowsMax, kept)
**
** prepares and steps one statement on the connection that calls it. It gives two lines of text and never an error of SQL, so that
** each adapter learns the whole of it:
**
**   "columns":[{"name":"id","type":"INTEGER"}],"rows":[[1]]      what the client gets, in JSON, without its braces
**   {"readonly":1,"changes":0,"rowid":null,"rows":1,"random":0,"unresolved":0}  what the worker needs to know
**
** `mode` is a sum: 1 where it may write, 2 where it may change the schema, 4 for a row form, whose text is the worker's and only its
** triggers a client's; 8 where references are not heeded, 16 where they are looked at in the end. `kept` are the names of the tables whose schema it may not change, each between two line breaks.
** `unresolved`: a reference to a row that is not there yet, which the end of the transaction would refuse.
**
** or an empty first line and {"code":2067,"name":"SQLITE_CONSTRAINT_UNIQUE","message":"...","lost":0}. `lost` says that the open
** transaction went with the error.
**
**   dbaas_run_list(list, mode, bytesMax, rowsMax, listMs, listBytes)
**
** does the same with one statement after another, in one call, and gives two such lines for each that was begun. `list` has the form of
** parameters (see below): `q` a text of SQL that is new, `u` the number of one that came before, `a` the moment, which stay until others
** come; `c` the chance of the next statement; `r` its parameters, and with them it is run. `mode` has a further number, 32: each
** statement is kept by itself in a savepoint. One that fails, or leaves something unresolved, is undone then, and the next one comes;
** else the list ends with it. It ends as well where the open transaction is gone, after `listMs`, or after `listBytes` of text; the first
** statement is always run. Where one was interrupted, or ran out of memory, SQLite gives an error, and dbaas_reached() how many statements
** had been done.
**
**   dbaas_describe(sql, bytesMax, defines)
**
** compiles it alone, whether it writes or not, and where `defines` is 1 changes the schema or not, and gives in the same form what it takes and gives:
**
**   "params":[{"name":":id"}],"columns":[{"name":"id","type":"INTEGER"}],"explain":false,"readonly":true
**
** Only while such a statement is compiled and run
**   - an authorizer keeps it to the tables of the client,
**   - limits hold that the worker's own statements have not,
**   - time and chance come from the call: SQLite asks its VFS for the time, which is a thin one of ours, and random() and
**     randomblob() are replaced. So DEFAULTs and triggers have them as well, and each modifier of each date function.
*/
/* For a clock that is never set. */
#define _POSIX_C_SOURCE 200809L
#include "sqlite3ext.h"
SQLITE_EXTENSION_INIT1
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

typedef sqlite3_int64 i64;
typedef sqlite3_uint64 u64;
typedef unsigned int u32;
typedef unsigned char u8;

/* ---------------------------------------------------------------- chance: ChaCha20, keyed by the seed of the statement */

typedef struct {
  u32 state[16];
  u8 block[64];
  int used;
} Chance;

static u32 rotated(u32 x, int by) { return (x << by) | (x >> (32 - by)); }

static void quarter(u32 *x, int a, int b, int c, int d) {
  x[a] += x[b]; x[d] = rotated(x[d] ^ x[a], 16);
  x[c] += x[d]; x[b] = rotated(x[b] ^ x[c], 12);
  x[a] += x[b]; x[d] = rotated(x[d] ^ x[a], 8);
  x[c] += x[d]; x[b] = rotated(x[b] ^ x[c], 7);
}

static void nextBlock(Chance *chance) {
  u32 x[16];
  memcpy(x, chance->state, sizeof x);
  for (int round = 0; round < 10; round++) {
    quarter(x, 0, 4, 8, 12); quarter(x, 1, 5, 9, 13); quarter(x, 2, 6, 10, 14); quarter(x, 3, 7, 11, 15);
    quarter(x, 0, 5, 10, 15); quarter(x, 1, 6, 11, 12); quarter(x, 2, 7, 8, 13); quarter(x, 3, 4, 9, 14);
  }
  for (int i = 0; i < 16; i++) {
    u32 word = x[i] + chance->state[i];
    for (int byte = 0; byte < 4; byte++) chance->block[4 * i + byte] = (u8)(word >> (8 * byte));
  }
  chance->state[12] += 1;
  chance->used = 0;
}

static void seeded(Chance *chance, const u8 *seed, int length) {
  u8 key[32] = {0};
  for (int i = 0; i < length; i++) key[i % 32] = (u8)(key[i % 32] * 31 + seed[i]);
  memset(chance, 0, sizeof *chance);
  chance->state[0] = 0x61707865; chance->state[1] = 0x3320646e;
  chance->state[2] = 0x79622d32; chance->state[3] = 0x6b206574;
  for (int i = 0; i < 32; i++) chance->state[4 + i / 4] |= (u32)key[i] << (8 * (i % 4));
  chance->used = sizeof chance->block;
}

static void fill(Chance *chance, u8 *into, int bytes) {
  for (int i = 0; i < bytes; i++) {
    if (chance->used == (int)sizeof chance->block) nextBlock(chance);
    into[i] = chance->block[chance->used++];
  }
}

/* ---------------------------------------------------------------- one connection */

typedef struct Session Session;

enum { boundedCount = 8 };

/* A function that is bounded here, on one connection. */
typedef struct {
  Session *session;
  int which;
} BoundedCall;

struct Session {
  sqlite3 *db;
  /* Set while a statement of a client is compiled and run. */
  int active;
  int mayWrite;
  int mayDefine;
  int isRowForm;
  int isDeferred;
  /* Patterns may be as long as the connection has it. */
  int longPatterns;
  const char *kept;
  /* What of the statement was compiled: that it has begun to change the schema itself; an ALTER. */
  int defines, alters;
  /* The refusal would not be one in a read. */
  int readsOnly;
  int hasSeed;
  int usedChance;
  /* How many statements of the last list were done before the one that ended it with an error; -1 when none did, or it was told. */
  i64 reached;
  Chance chance;
  /* Where the functions that are bounded here are as SQLite has them; opened when the first of them is called. */
  sqlite3 *plain;
  sqlite3_stmt *plainCalls[boundedCount];
  BoundedCall boundedCalls[boundedCount];
  /* Why the authorizer refused, in the client's words. */
  char why[200];
};

/* ---------------------------------------------------------------- time: a VFS that differs from the system's in this alone */

static sqlite3_vfs *systemVfs;
static sqlite3_vfs timedVfs;
/* Of the statement that this thread runs; 0 while it runs none of a client's. */
static _Thread_local i64 statementJulianMs;

static const i64 unixEpochJulianMs = 210866760000000;

static int currentTimeInt64(sqlite3_vfs *vfs, i64 *julianMs) {
  (void)vfs;
  if (statementJulianMs == 0) return systemVfs->xCurrentTimeInt64(systemVfs, julianMs);
  *julianMs = statementJulianMs;
  return SQLITE_OK;
}

static int currentTime(sqlite3_vfs *vfs, double *julianDays) {
  i64 julianMs = 0;
  int rc = currentTimeInt64(vfs, &julianMs);
  *julianDays = (double)julianMs / 86400000.0;
  return rc;
}

/* ---------------------------------------------------------------- what a statement may touch */

static int refused(Session *session, const char *form, const char *name) {
  sqlite3_snprintf(sizeof session->why, session->why, form, name == 0 ? "" : name);
  return SQLITE_DENY;
}

static int begins(const char *text, const char *with) { return sqlite3_strnicmp(text, with, (int)strlen(with)) == 0; }

static int isOneOf(const char *name, const char *const *names) {
  for (; *names != 0; names++)
    if (sqlite3_stricmp(name, *names) == 0) return 1;
  return 0;
}

/* They tell of the connection, of the file or of the build, which are not the same on every copy, or reach outside of the database. */
static const char *const otherFunctions[] = {
    "changes", "total_changes", "last_insert_rowid", "load_extension", "sqlite_version", "sqlite_source_id",
    "sqlite_compileoption_get", "sqlite_compileoption_used", "sqlite_log", "sqlite_offset", "fts3_tokenizer",
    "rtreecheck", "rtreedepth", "rtreenode", "subtype", 0};

/* Their last digit may be another one on another processor: nothing is written by them. */
static const char *const inexactFunctions[] = {
    "acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "cos", "cosh", "exp", "ln", "log", "log10", "log2",
    "pow", "power", "sin", "sinh", "tan", "tanh", 0};

static int refusedInWrites(Session *session, const char *form, const char *name) {
  if (!session->mayWrite) return SQLITE_OK;
  session->readsOnly = 1;
  return refused(session, form, name);
}

static int mayCall(Session *session, const char *name) {
  if (begins(name, "dbaas_") || isOneOf(name, otherFunctions))
    return refused(session, "function %s is not to be had here", name);
  if (isOneOf(name, inexactFunctions))
    return refusedInWrites(session, "function %s is for reads only: its last digit is not the same on every machine", name);
  return SQLITE_OK;
}

/* What tools ask to learn of the tables. */
static const char *const tellingPragmas[] = {
    "table_info", "table_xinfo", "table_list", "index_list", "index_info", "index_xinfo", "foreign_key_list",
    "foreign_key_check", 0};
static const char *const readPragmas[] = {"foreign_keys", "user_version", 0};

static int mayRead(Session *session, const char *table) {
  if (begins(table, "_dbaas")) return refused(session, "there is no table %s", table);
  if (session->alters && sqlite3_stricmp(table, "pragma_quick_check") == 0) return SQLITE_OK;
  if (begins(table, "pragma_") && isOneOf(table + 7, tellingPragmas))
    return refusedInWrites(session, "table %s is for reads only", table);
  if (sqlite3_stricmp(table, "dbstat") == 0 || begins(table, "pragma_") || begins(table, "fts3tokenize"))
    return refused(session, "table %s is not to be had here", table);
  /* SQLite's own statements, by which it changes the schema, come after the client's part of one. */
  if (!begins(table, "sqlite_") || session->defines) return SQLITE_OK;
  return refusedInWrites(session, "table %s is for reads only: it is not the same on every copy", table);
}

static int mayNotDefine(Session *session) {
  return refused(session, "the schema is changed by CREATE, ALTER or DROP of tables, indexes, views and triggers, in db/write", 0);
}

static int isKept(Session *session, const char *table) {
  size_t length = strlen(table);
  for (const char *at = session->kept; at != 0 && *at != 0; at = strchr(at + 1, '\n'))
    if (sqlite3_strnicmp(at + 1, table, (int)length) == 0 && at[length + 1] == '\n') return 1;
  return 0;
}

/* The worker's own statements, and SQLite's, call them by these names. */
static const char *const takenNames[] = {
    "json_each", "json_tree", "jsonb_each", "jsonb_tree", "dbstat", "bytecode", "tables_used", "fts3tokenize", 0};

static int mayName(Session *session, const char *name) {
  if (begins(name, "_dbaas")) return refused(session, "names that begin with _dbaas are the service's own: %s", name);
  if (begins(name, "pragma_") || begins(name, "index on ") || begins(name, "unique index on ") || isOneOf(name, takenNames))
    return refused(session, "the name %s is taken", name);
  return SQLITE_OK;
}

static int mayAlter(Session *session, const char *table) {
  if (begins(table, "_dbaas")) return refused(session, "there is no table %s", table);
  if (isKept(session, table))
    return refused(session, "table %s is the manifest's: it is changed there, and SQL does not alter or drop it", table);
  return SQLITE_OK;
}

/* Of what SQLite asks about a statement that changes the schema. `table` is the table of an index or a trigger. */
static int mayDefine(Session *session, int action, const char *name, const char *table) {
  if (!session->mayWrite || !session->mayDefine) return mayNotDefine(session);
  switch (action) {
    case SQLITE_CREATE_TABLE:
    case SQLITE_CREATE_VIEW:
      /* SQLite's own, for counted keys. */
      return sqlite3_stricmp(name, "sqlite_sequence") == 0 ? SQLITE_OK : mayName(session, name);
    case SQLITE_CREATE_INDEX:
    case SQLITE_CREATE_TRIGGER:
      if (begins(table, "_dbaas")) return refused(session, "there is no table %s", table);
      /* The indexes by which a table that is being made keeps its constraints are SQLite's to name. */
      return begins(name, "sqlite_autoindex_") ? SQLITE_OK : mayName(session, name);
    case SQLITE_DROP_INDEX:
      if (begins(name, "index on ") || begins(name, "unique index on "))
        return refused(session, "%s is the manifest's", name);
      return SQLITE_OK;
    case SQLITE_DROP_TABLE:
      return mayAlter(session, name);
    case SQLITE_ALTER_TABLE:
      session->alters = session->defines = 1;
      return mayAlter(session, table);
    case SQLITE_DROP_VIEW:
    case SQLITE_DROP_TRIGGER:
    case SQLITE_REINDEX:
      return SQLITE_OK;
    case SQLITE_CREATE_VTABLE:
    case SQLITE_DROP_VTABLE:
      return refused(session, "virtual tables are not to be had here", 0);
    case SQLITE_ANALYZE:
      return mayNotDefine(session);
    default:
      return refused(session, "temporary tables, views and triggers are not to be had here", 0);
  }
}

static int mayChange(Session *session, int action, const char *table) {
  if (begins(table, "_dbaas")) return refused(session, "there is no table %s", table);
  if (begins(table, "sqlite_temp_")) return session->alters ? SQLITE_OK : mayDefine(session, SQLITE_CREATE_TEMP_TABLE, 0, 0);
  if (begins(table, "sqlite_master") || (begins(table, "sqlite_sequence") && session->mayDefine)) {
    /* SQLite itself refuses a client's own statement on it. */
    if (action != SQLITE_INSERT) session->defines = 1;
    return session->mayDefine ? SQLITE_OK : mayNotDefine(session);
  }
  if (begins(table, "sqlite_")) return refused(session, "table %s is not to be changed", table);
  return SQLITE_OK;
}

static int mayAsk(Session *session, const char *pragma, const char *argument) {
  if (session->alters && sqlite3_stricmp(pragma, "quick_check") == 0) return SQLITE_OK;
  if (isOneOf(pragma, tellingPragmas)) {
    if (argument != 0 && begins(argument, "_dbaas")) return refused(session, "there is no table %s", argument);
    return refusedInWrites(session, "PRAGMA %s is for reads only", pragma);
  }
  if (isOneOf(pragma, readPragmas) && argument == 0) return refusedInWrites(session, "PRAGMA %s is for reads only", pragma);
  /* The number that a client keeps there is a part of the database's content. */
  if (sqlite3_stricmp(pragma, "user_version") == 0) return SQLITE_OK;
  return refused(session, "PRAGMA %s is not to be had here", pragma);
}

static int authorize(void *user, int action, const char *a, const char *b, const char *c, const char *d) {
  Session *session = user;
  (void)c; (void)d;
  if (!session->active) return SQLITE_OK;
  /* Views and CTEs that name each other twice and again take for ever to compile, and SQLite looks at an interrupt only when it runs. */
  if (sqlite3_is_interrupted(session->db)) return SQLITE_DENY;
  switch (action) {
    case SQLITE_SELECT:
    case SQLITE_RECURSIVE:
      return SQLITE_OK;
    case SQLITE_READ:
      return mayRead(session, a);
    case SQLITE_FUNCTION:
      return mayCall(session, b);
    case SQLITE_INSERT:
    case SQLITE_UPDATE:
    case SQLITE_DELETE:
      return mayChange(session, action, a);
    case SQLITE_TRANSACTION:
    case SQLITE_SAVEPOINT:
      return refused(session, "transactions are not opened by SQL: statements that belong together go into `statements`", 0);
    case SQLITE_PRAGMA:
      return mayAsk(session, a, b);
    case SQLITE_ATTACH:
    case SQLITE_DETACH:
      return refused(session, "other database files are not to be had here", 0);
    default:
      return mayDefine(session, action, a, b);
  }
}

/* ---------------------------------------------------------------- text that grows, up to a limit */

typedef struct {
  char *text;
  i64 bytes;
  i64 room;
  i64 max;
  /* SQLITE_TOOBIG or SQLITE_NOMEM: nothing more is added. */
  int failed;
} Out;

static int makeRoom(Out *out, i64 bytes) {
  if (out->failed) return 0;
  i64 needed = out->bytes + bytes;
  if (needed > out->max) { out->failed = SQLITE_TOOBIG; return 0; }
  if (needed <= out->room) return 1;
  i64 room = needed * 2 + 256;
  char *text = sqlite3_realloc64(out->text, (u64)room);
  if (text == 0) { out->failed = SQLITE_NOMEM; return 0; }
  out->text = text;
  out->room = room;
  return 1;
}

static void addBytes(Out *out, const char *bytes, i64 count) {
  if (!makeRoom(out, count)) return;
  memcpy(out->text + out->bytes, bytes, (size_t)count);
  out->bytes += count;
}

static void add(Out *out, const char *text) { addBytes(out, text, (i64)strlen(text)); }

/* How many bytes the character at `at` has; 0 where there is none: SQL can make a text of any bytes. */
static int characterBytes(const u8 *at, i64 left) {
  u8 first = at[0];
  if (first < 0x80) return 1;
  int bytes = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || left < bytes) return 0;
  for (int i = 1; i < bytes; i++)
    if ((at[i] & 0xc0) != 0x80) return 0;
  if (first == 0xe0 && at[1] < 0xa0) return 0;
  if (first == 0xed && at[1] > 0x9f) return 0;
  if (first == 0xf0 && at[1] < 0x90) return 0;
  if (first == 0xf4 && at[1] > 0x8f) return 0;
  return bytes;
}

static int isPlain(u8 byte) { return byte >= 0x20 && byte != '"' && byte != '\\' && byte < 0x80; }

static void addCharacter(Out *out, const u8 *at, int bytes) {
  char escape[8];
  if (bytes == 0) add(out, "\xef\xbf\xbd");
  else if (bytes > 1) addBytes(out, (const char *)at, bytes);
  else {
    if (*at == '"' || *at == '\\') snprintf(escape, sizeof escape, "\\%c", *at);
    else snprintf(escape, sizeof escape, "\\u%04x", *at);
    add(out, escape);
  }
}

static void addText(Out *out, const u8 *text, i64 bytes) {
  add(out, "\"");
  for (i64 at = 0; at < bytes && !out->failed;) {
    i64 plain = at;
    while (plain < bytes && isPlain(text[plain])) plain++;
    addBytes(out, (const char *)text + at, plain - at);
    at = plain;
    if (at >= bytes) break;
    int length = characterBytes(text + at, bytes - at);
    addCharacter(out, text + at, length);
    at += length == 0 ? 1 : length;
  }
  add(out, "\"");
}

static void addName(Out *out, const char *name) {
  if (name == 0) add(out, "null");
  else addText(out, (const u8 *)name, (i64)strlen(name));
}

/* As few digits as give the same double again. An infinity is a number that a reader takes for one. */
static void addDouble(Out *out, double value) {
  char digits[40];
  if (isinf(value)) { add(out, value > 0 ? "9.0e+999" : "-9.0e+999"); return; }
  for (int precision = 15; precision <= 17; precision++) {
    snprintf(digits, sizeof digits, "%.*g", precision, value);
    if (strtod(digits, 0) == value) break;
  }
  add(out, digits);
  if (strpbrk(digits, ".e") == 0) add(out, ".0");
}

static const char base64Digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void addBlob(Out *out, const u8 *bytes, i64 count) {
  add(out, "{\"base64\":\"");
  for (i64 at = 0; at < count && !out->failed; at += 3) {
    u32 three = (u32)bytes[at] << 16 | (at + 1 < count ? (u32)bytes[at + 1] << 8 : 0) | (at + 2 < count ? bytes[at + 2] : 0);
    char four[4] = {base64Digits[three >> 18], base64Digits[three >> 12 & 63],
                    at + 1 < count ? base64Digits[three >> 6 & 63] : '=', at + 2 < count ? base64Digits[three & 63] : '='};
    addBytes(out, four, 4);
  }
  add(out, "\"}");
}

static void addValue(Out *out, sqlite3_stmt *statement, int column) {
  char digits[24];
  switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER:
      sqlite3_snprintf(sizeof digits, digits, "%lld", sqlite3_column_int64(statement, column));
      add(out, digits);
      break;
    case SQLITE_FLOAT:
      addDouble(out, sqlite3_column_double(statement, column));
      break;
    case SQLITE_TEXT: {
      const u8 *text = sqlite3_column_text(statement, column);
      addText(out, text, sqlite3_column_bytes(statement, column));
      break;
    }
    case SQLITE_BLOB: {
      const u8 *bytes = sqlite3_column_blob(statement, column);
      addBlob(out, bytes, sqlite3_column_bytes(statement, column));
      break;
    }
    default:
      add(out, "null");
  }
}

/* ---------------------------------------------------------------- parameters
**
** One after another: a letter for the type, the number of bytes, a colon, the bytes. `i2:42` `d3:1.5` `t5:hello` `b4:AAA=` `n0:`.
** Before a value of a named parameter its name: `k2:id`.
*/

typedef struct {
  const char *at;
  const char *end;
} Params;

typedef struct {
  char type;
  const char *bytes;
  int length;
} Param;

/* Returns 0 at the end, -1 where the text is none of the worker's. */
static int nextParam(Params *params, Param *param) {
  if (params->at >= params->end) return 0;
  param->type = *params->at++;
  i64 length = 0;
  while (params->at < params->end && *params->at >= '0' && *params->at <= '9' && length < 1000000000)
    length = length * 10 + (*params->at++ - '0');
  if (params->at >= params->end || *params->at++ != ':' || params->end - params->at < length) return -1;
  param->bytes = params->at;
  param->length = (int)length;
  params->at += length;
  return 1;
}

static int base64Value(char digit) {
  const char *place = digit == 0 ? 0 : strchr(base64Digits, digit);
  return place == 0 ? -1 : (int)(place - base64Digits);
}

static int bindBlob(sqlite3_stmt *statement, int index, const char *base64, int length) {
  u8 *bytes = sqlite3_malloc64((u64)length + 1);
  if (bytes == 0) return SQLITE_NOMEM;
  int count = 0, bits = 0;
  u32 held = 0;
  for (int i = 0; i < length && base64[i] != '='; i++) {
    int value = base64Value(base64[i]);
    if (value < 0) { sqlite3_free(bytes); return SQLITE_MISMATCH; }
    held = held << 6 | (u32)value;
    bits += 6;
    if (bits >= 8) { bits -= 8; bytes[count++] = (u8)(held >> bits); }
  }
  return sqlite3_bind_blob(statement, index, bytes, count, sqlite3_free);
}

static int bindOne(sqlite3_stmt *statement, int index, const Param *param) {
  char digits[400];
  if (param->type == 'n') return sqlite3_bind_null(statement, index);
  if (param->type == 't') return sqlite3_bind_text(statement, index, param->bytes, param->length, SQLITE_TRANSIENT);
  if (param->type == 'b') return bindBlob(statement, index, param->bytes, param->length);
  if (param->length >= (int)sizeof digits) return SQLITE_MISMATCH;
  memcpy(digits, param->bytes, (size_t)param->length);
  digits[param->length] = 0;
  if (param->type == 'i') return sqlite3_bind_int64(statement, index, strtoll(digits, 0, 10));
  return sqlite3_bind_double(statement, index, strtod(digits, 0));
}

static int indexOf(sqlite3_stmt *statement, const Param *name) {
  char text[130];
  if (name->length > 128) return 0;
  for (const char *mark = ":@$"; *mark != 0; mark++) {
    sqlite3_snprintf(sizeof text, text, "%c%.*s", *mark, name->length, name->bytes);
    int index = sqlite3_bind_parameter_index(statement, text);
    if (index > 0) return index;
  }
  sqlite3_snprintf(sizeof text, text, "%.*s", name->length, name->bytes);
  return sqlite3_bind_parameter_index(statement, text);
}

/* Binds all of them. Returns SQLITE_RANGE, with the reason, where they are not those of the statement. */
static int bindAll(sqlite3_stmt *statement, Params params, char *why, int whyBytes) {
  int wanted = sqlite3_bind_parameter_count(statement);
  int count = 0, more;
  Param param;
  while ((more = nextParam(&params, &param)) > 0) {
    int index = ++count;
    if (param.type == 'k') {
      index = indexOf(statement, &param);
      if (index == 0) {
        sqlite3_snprintf(whyBytes, why, "the statement has no parameter %.*s", param.length, param.bytes);
        return SQLITE_RANGE;
      }
      more = nextParam(&params, &param);
      if (more <= 0) break;
    }
    int rc = index > wanted ? SQLITE_OK : bindOne(statement, index, &param);
    if (rc == SQLITE_MISMATCH) sqlite3_snprintf(whyBytes, why, "parameter %d is no value of its type", index);
    if (rc != SQLITE_OK) return rc;
  }
  if (more == 0 && count == wanted) return SQLITE_OK;
  sqlite3_snprintf(whyBytes, why, "the statement has %d parameters, and %d are given", wanted, count);
  return SQLITE_RANGE;
}

/* ---------------------------------------------------------------- result codes by name */

typedef struct {
  int code;
  const char *name;
} Code;

#define CODE(name) {name, #name}
static const Code codes[] = {
    CODE(SQLITE_ERROR), CODE(SQLITE_INTERNAL), CODE(SQLITE_PERM), CODE(SQLITE_ABORT), CODE(SQLITE_BUSY), CODE(SQLITE_LOCKED),
    CODE(SQLITE_NOMEM), CODE(SQLITE_READONLY), CODE(SQLITE_INTERRUPT), CODE(SQLITE_IOERR), CODE(SQLITE_CORRUPT),
    CODE(SQLITE_NOTFOUND), CODE(SQLITE_FULL), CODE(SQLITE_CANTOPEN), CODE(SQLITE_PROTOCOL), CODE(SQLITE_SCHEMA),
    CODE(SQLITE_TOOBIG), CODE(SQLITE_CONSTRAINT), CODE(SQLITE_MISMATCH), CODE(SQLITE_MISUSE), CODE(SQLITE_NOLFS),
    CODE(SQLITE_AUTH), CODE(SQLITE_FORMAT), CODE(SQLITE_RANGE), CODE(SQLITE_NOTADB), CODE(SQLITE_ERROR_MISSING_COLLSEQ),
    CODE(SQLITE_ERROR_RETRY), CODE(SQLITE_ERROR_SNAPSHOT), CODE(SQLITE_ABORT_ROLLBACK), CODE(SQLITE_BUSY_RECOVERY),
    CODE(SQLITE_BUSY_SNAPSHOT), CODE(SQLITE_BUSY_TIMEOUT), CODE(SQLITE_LOCKED_SHAREDCACHE), CODE(SQLITE_LOCKED_VTAB),
    CODE(SQLITE_READONLY_RECOVERY), CODE(SQLITE_READONLY_CANTLOCK), CODE(SQLITE_READONLY_ROLLBACK),
    CODE(SQLITE_READONLY_DBMOVED), CODE(SQLITE_READONLY_CANTINIT), CODE(SQLITE_READONLY_DIRECTORY),
    CODE(SQLITE_IOERR_READ), CODE(SQLITE_IOERR_SHORT_READ), CODE(SQLITE_IOERR_WRITE), CODE(SQLITE_IOERR_FSYNC),
    CODE(SQLITE_IOERR_NOMEM), CODE(SQLITE_CORRUPT_VTAB), CODE(SQLITE_CORRUPT_SEQUENCE), CODE(SQLITE_CORRUPT_INDEX),
    CODE(SQLITE_CONSTRAINT_CHECK), CODE(SQLITE_CONSTRAINT_COMMITHOOK), CODE(SQLITE_CONSTRAINT_FOREIGNKEY),
    CODE(SQLITE_CONSTRAINT_FUNCTION), CODE(SQLITE_CONSTRAINT_NOTNULL), CODE(SQLITE_CONSTRAINT_PRIMARYKEY),
    CODE(SQLITE_CONSTRAINT_TRIGGER), CODE(SQLITE_CONSTRAINT_UNIQUE), CODE(SQLITE_CONSTRAINT_VTAB),
    CODE(SQLITE_CONSTRAINT_ROWID), CODE(SQLITE_CONSTRAINT_PINNED), CODE(SQLITE_CONSTRAINT_DATATYPE),
    CODE(SQLITE_AUTH_USER)};

static const char *nameOf(int code) {
  for (int precise = 1; precise >= 0; precise--)
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
      if (codes[i].code == (precise ? code : code & 0xff)) return codes[i].name;
  return "SQLITE_ERROR";
}

/* ---------------------------------------------------------------- limits, for as long as a client's statement is there */

typedef struct {
  int id;
  int value;
} Limit;

/* ATTACHED 0 refuses VACUUM INTO as well, which no authorizer is asked about. */
static const Limit limits[] = {
    {SQLITE_LIMIT_ATTACHED, 0},          {SQLITE_LIMIT_SQL_LENGTH, 110000},    {SQLITE_LIMIT_EXPR_DEPTH, 1000},
    {SQLITE_LIMIT_COMPOUND_SELECT, 100}, {SQLITE_LIMIT_TRIGGER_DEPTH, 100},    {SQLITE_LIMIT_WORKER_THREADS, 0},
    {SQLITE_LIMIT_VDBE_OP, 250000},      {SQLITE_LIMIT_VARIABLE_NUMBER, 32766}};
enum { limitsCount = sizeof limits / sizeof limits[0] };
/* One comparison with a pattern cannot be interrupted, and all writes wait for what is asked of the master, also for a read that is let pass
   in a write or belongs to a transaction: half a second with the longest text. The limit of the connection holds where nobody waits so, in
   reads of their own, and where a copy repeats what a master has accepted. */
static const int writtenPatternBytesMax = 200;
static const int valueBytesMax = 1048576;
/* A row form brings all its rows in one text, and its own is as long as its table has columns. */
static const int rowsBytesMax = 33554432;
/* So much that SQLite has freed a process keeps for itself. */
static const i64 keptBytesMax = 16777216;

typedef struct {
  int length;
  int pattern;
  int others[limitsCount];
} Kept;

static Kept limit(Session *session) {
  sqlite3 *db = session->db;
  int isRowForm = session->isRowForm;
  Kept kept;
  kept.pattern = sqlite3_limit(db, SQLITE_LIMIT_LIKE_PATTERN_LENGTH, session->longPatterns ? -1 : writtenPatternBytesMax);
  int before = sqlite3_limit(db, SQLITE_LIMIT_LENGTH, -1), max = isRowForm ? rowsBytesMax : valueBytesMax;
  kept.length = sqlite3_limit(db, SQLITE_LIMIT_LENGTH, before < max ? before : max);
  for (int i = 0; i < limitsCount; i++) {
    int same = isRowForm && (limits[i].id == SQLITE_LIMIT_SQL_LENGTH || limits[i].id == SQLITE_LIMIT_EXPR_DEPTH);
    kept.others[i] = sqlite3_limit(db, limits[i].id, same ? -1 : limits[i].value);
  }
  return kept;
}

static void unlimit(sqlite3 *db, Kept kept) {
  sqlite3_limit(db, SQLITE_LIMIT_LENGTH, kept.length);
  sqlite3_limit(db, SQLITE_LIMIT_LIKE_PATTERN_LENGTH, kept.pattern);
  for (int i = 0; i < limitsCount; i++) sqlite3_limit(db, limits[i].id, kept.others[i]);
}

/* ---------------------------------------------------------------- one statement */

typedef struct {
  Session *session;
  const char *sql;
  int sqlBytes;
  Params params;
  i64 rowsMax;
  Out out;
  /* Where it is there before, it was compiled for a statement before this one. */
  sqlite3_stmt *statement;
  i64 rows;
  i64 changesBefore;
  int unresolved;
  int code;
  char why[200];
} Run;

static int failed(Run *run, int code, const char *why) {
  run->code = code;
  sqlite3_snprintf(sizeof run->why, run->why, "%s", why);
  return 0;
}

/* Of the last call of SQLite. */
static int failedInside(Run *run) {
  sqlite3 *db = run->session->db;
  int code = sqlite3_extended_errcode(db);
  if (sqlite3_is_interrupted(db)) return failed(run, SQLITE_INTERRUPT, "interrupted");
  /* SQLite says only that it was refused. */
  if (run->session->why[0] != 0) return failed(run, SQLITE_AUTH, run->session->why);
  /* SQLite does not say how long it may be, and it is not the same everywhere. */
  if (strcmp(sqlite3_errmsg(db), "LIKE or GLOB pattern too complex") == 0) {
    char why[80];
    int most = sqlite3_limit(db, SQLITE_LIMIT_LIKE_PATTERN_LENGTH, -1);
    sqlite3_snprintf(sizeof why, why, "LIKE or GLOB pattern too complex: at most %d bytes here", most);
    return failed(run, code, why);
  }
  return failed(run, code, sqlite3_errmsg(db));
}

/* Whether there is anything but spaces, comments and semicolons. */
static int hasStatement(sqlite3 *db, const char *sql) {
  while (*sql != 0) {
    sqlite3_stmt *statement = 0;
    const char *tail = 0;
    int rc = sqlite3_prepare_v2(db, sql, -1, &statement, &tail);
    sqlite3_finalize(statement);
    if (rc != SQLITE_OK || statement != 0) return 1;
    if (tail == sql) return 0;
    sql = tail;
  }
  return 0;
}

/* A statement that only reads leaves nothing in the log, so in a write it may do what it may do in a read. */
static int compiled(Run *run, const char **tail) {
  Session *session = run->session;
  int rc = sqlite3_prepare_v2(session->db, run->sql, run->sqlBytes + 1, &run->statement, tail);
  if (rc == SQLITE_OK || !session->readsOnly || session->mayDefine || session->isRowForm) return rc;
  char why[sizeof session->why];
  memcpy(why, session->why, sizeof why);
  session->why[0] = 0;
  session->mayWrite = session->readsOnly = 0;
  rc = sqlite3_prepare_v2(session->db, run->sql, run->sqlBytes + 1, &run->statement, tail);
  if (rc == SQLITE_OK && sqlite3_stmt_readonly(run->statement)) return rc;
  memcpy(session->why, why, sizeof why);
  return SQLITE_AUTH;
}

static int isCompiled(Run *run) {
  Session *session = run->session;
  const char *tail = 0;
  if ((int)strlen(run->sql) != run->sqlBytes) return failed(run, SQLITE_ERROR, "the statement has a character U+0000");
  if (compiled(run, &tail) != SQLITE_OK) return failedInside(run);
  if (run->statement == 0) return failed(run, SQLITE_ERROR, "there is no statement");
  if (hasStatement(session->db, tail)) return failed(run, SQLITE_ERROR, "there is more than one statement");
  return 1;
}

static int prepared(Run *run) {
  Session *session = run->session;
  if (run->statement == 0 && !isCompiled(run)) return 0;
  int readonly = sqlite3_stmt_readonly(run->statement);
  if (!readonly && !session->mayWrite) return failed(run, SQLITE_AUTH, "the statement writes: it belongs to db/write");
  if (sqlite3_stmt_isexplain(run->statement) && session->mayWrite && !session->isRowForm)
    return failed(run, SQLITE_ERROR, "EXPLAIN is for reads only");
  int rc = bindAll(run->statement, run->params, run->why, sizeof run->why);
  if (rc == SQLITE_OK) return 1;
  run->code = rc;
  return run->why[0] != 0 ? 0 : failedInside(run);
}

static void addColumns(Run *run) {
  Out *out = &run->out;
  /* An ALTER has those of a query of SQLite's own. */
  int count = run->session->alters ? 0 : sqlite3_column_count(run->statement);
  add(out, "\"columns\":[");
  for (int i = 0; i < count; i++) {
    add(out, i == 0 ? "{\"name\":" : ",{\"name\":");
    addName(out, sqlite3_column_name(run->statement, i));
    add(out, ",\"type\":");
    addName(out, sqlite3_column_decltype(run->statement, i));
    add(out, "}");
  }
  add(out, "]");
}

static int addRow(Run *run) {
  Out *out = &run->out;
  char why[80];
  add(out, run->rows++ == 0 ? "[" : ",[");
  int count = sqlite3_column_count(run->statement);
  for (int i = 0; i < count; i++) {
    if (i > 0) add(out, ",");
    addValue(out, run->statement, i);
  }
  add(out, "]");
  if (out->failed == SQLITE_TOOBIG) {
    sqlite3_snprintf(sizeof why, why, "the answer has more than %lld bytes", out->max);
    return failed(run, SQLITE_TOOBIG, why);
  }
  if (out->failed) return failed(run, out->failed, "out of memory");
  if (run->rows <= run->rowsMax) return 1;
  sqlite3_snprintf(sizeof why, why, "the answer has more than %lld rows", run->rowsMax);
  return failed(run, SQLITE_TOOBIG, why);
}

static int stepped(Run *run) {
  addColumns(run);
  add(&run->out, ",\"rows\":[");
  for (;;) {
    int rc = sqlite3_step(run->statement);
    if (rc == SQLITE_DONE) break;
    if (rc != SQLITE_ROW) return failedInside(run);
    if (!addRow(run)) return 0;
  }
  add(&run->out, "]");
  return run->out.failed ? failed(run, run->out.failed, "the answer is too large") : 1;
}

static void addFacts(Run *run) {
  Out *out = &run->out;
  sqlite3 *db = run->session->db;
  int readonly = sqlite3_stmt_readonly(run->statement);
  i64 rowid = sqlite3_last_insert_rowid(db);
  char facts[240], id[32];
  int highest = 0;
  sqlite3_db_status(db, SQLITE_DBSTATUS_DEFERRED_FKS, &run->unresolved, &highest, 0);
  /* What SQLite counts is of the statement before, where this one changes no row. */
  i64 changes = sqlite3_total_changes64(db) == run->changesBefore ? 0 : sqlite3_changes64(db);
  if (readonly || run->session->mayDefine) changes = rowid = 0;
  sqlite3_snprintf(sizeof id, id, "\"%lld\"", rowid);
  sqlite3_snprintf(sizeof facts, facts, "\n{\"readonly\":%d,\"changes\":%lld,\"rowid\":%s,\"rows\":%lld,\"random\":%d,\"unresolved\":%d}",
                   readonly, changes, rowid == 0 ? "null" : id, run->rows, run->session->usedChance, run->unresolved);
  out->max += sizeof facts;
  add(out, facts);
}

static void addError(Run *run, int lost) {
  Out *out = &run->out;
  char head[120];
  out->bytes = 0;
  out->failed = 0;
  out->max = 4096;
  sqlite3_snprintf(sizeof head, head, "\n{\"code\":%d,\"name\":\"%s\",\"lost\":%d,\"message\":", run->code, nameOf(run->code), lost);
  add(out, head);
  addText(out, (const u8 *)run->why, (i64)strlen(run->why));
  add(out, "}");
}

/* In a transaction PRAGMA cannot do it. Told anew for each statement: nothing that was interrupted leaves it otherwise. */
static void heed(sqlite3 *db, int triggers, int references, int atOnce) {
  sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, triggers, (int *)0);
  sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_FKEY, references, (int *)0);
  if (!atOnce) sqlite3_exec(db, "PRAGMA defer_foreign_keys = ON", 0, 0, 0);
}

/* dbaas_triggers(0 or 1): whether they go off with what follows on the connection, up to the next statement of a client. */
static void triggersFunction(sqlite3_context *context, int count, sqlite3_value **arguments) {
  Session *session = sqlite3_user_data(context);
  (void)count;
  if (session->active) sqlite3_result_error_code(context, SQLITE_MISUSE);
  else heed(session->db, sqlite3_value_int(arguments[0]), 1, 1);
}

/* How a statement is run. */
typedef struct {
  int mode;
  i64 atMs;
  /* 0 where it has none. */
  const u8 *seed;
  int seedBytes;
  const char *kept;
} Call;

/* Everything between the two belongs to the client. */
static void begin(Session *session, const Call *call) {
  int mode = call->mode;
  session->mayWrite = mode & 1;
  session->mayDefine = mode >> 1 & 1;
  session->isRowForm = mode >> 2 & 1;
  session->isDeferred = mode >> 4 & 1;
  session->longPatterns = mode >> 6 & 1;
  heed(session->db, 1, !(mode >> 3 & 1), !session->isDeferred);
  session->kept = call->kept;
  session->defines = session->alters = session->readsOnly = 0;
  session->hasSeed = call->seed != 0;
  session->usedChance = 0;
  session->why[0] = 0;
  if (session->hasSeed) seeded(&session->chance, call->seed, call->seedBytes);
  statementJulianMs = unixEpochJulianMs + call->atMs;
  sqlite3_set_last_insert_rowid(session->db, 0);
  session->active = 1;
}

static void end(Session *session) {
  session->active = 0;
  session->kept = 0;
  heed(session->db, 1, 1, 1);
  if (session->isDeferred) sqlite3_exec(session->db, "PRAGMA defer_foreign_keys = OFF", 0, 0, 0);
  statementJulianMs = 0;
}

/* Writes what comes of it. Returns whether it was done. */
static int ran(Run *run, const Call *call) {
  Session *session = run->session;
  int wasOpen = !sqlite3_get_autocommit(session->db);
  run->changesBefore = sqlite3_total_changes64(session->db);
  begin(session, call);
  Kept kept = limit(session);
  int done = prepared(run) && stepped(run);
  unlimit(session->db, kept);
  end(session);
  if (done) addFacts(run);
  else addError(run, wasOpen && sqlite3_get_autocommit(session->db));
  return done;
}

/* Each thread keeps what it has allocated once: with as much as a statement may take, all of them together would end the process. */
static void giveBack(void) {
  i64 now = 0, highest = 0;
  sqlite3_status64(SQLITE_STATUS_MEMORY_USED, &now, &highest, 0);
  if (highest - now < keptBytesMax) return;
  sqlite3_status64(SQLITE_STATUS_MEMORY_USED, &now, &highest, 1);
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

static void runFunction(sqlite3_context *context, int count, sqlite3_value **arguments) {
  Session *session = sqlite3_user_data(context);
  (void)count;
  Run run;
  memset(&run, 0, sizeof run);
  run.session = session;
  run.sql = (const char *)sqlite3_value_text(arguments[0]);
  run.sqlBytes = sqlite3_value_bytes(arguments[0]);
  run.params.at = (const char *)sqlite3_value_text(arguments[1]);
  if (session->active || run.sql == 0 || run.params.at == 0) {
    sqlite3_result_error_code(context, SQLITE_MISUSE);
    return;
  }
  run.params.end = run.params.at + sqlite3_value_bytes(arguments[1]);
  run.out.max = sqlite3_value_int64(arguments[5]);
  run.rowsMax = sqlite3_value_int64(arguments[6]);
  Call call = {sqlite3_value_int(arguments[2]), sqlite3_value_int64(arguments[3]), sqlite3_value_text(arguments[4]),
               sqlite3_value_bytes(arguments[4]), (const char *)sqlite3_value_text(arguments[7])};
  ran(&run, &call);
  sqlite3_finalize(run.statement);
  giveBack();
  if (run.out.failed) { sqlite3_free(run.out.text); sqlite3_result_error_nomem(context); }
  else sqlite3_result_text64(context, run.out.text, (u64)run.out.bytes, sqlite3_free, SQLITE_UTF8);
}

/* ---------------------------------------------------------------- a list of statements */

typedef struct {
  char *sql;
  int bytes;
  /* 0 where it is compiled each time. */
  sqlite3_stmt *statement;
} Text;

/* What is kept compiled takes no more memory than the product of the two. */
static const int compiledMax = 16, compiledBytesMax = 262144;

typedef struct {
  Session *session;
  Params left;
  Call call;
  i64 bytesMax, rowsMax, bytesEnough, startedNs, nsEnough;
  Text *texts;
  int textCount, textRoom, compiledCount;
  /* The number of the text at hand. */
  int text;
  /* Each statement is kept by itself. */
  int isApart;
  sqlite3_stmt *savepoint, *release, *rollback;
  /* Statements that were begun. */
  i64 count;
  /* What SQLite ends the whole call with. */
  int ended;
  Out out;
} List;

static i64 monotonicNs(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (i64)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int addSql(List *list, const Param *sql) {
  if (list->textCount == list->textRoom) {
    int room = list->textRoom * 2 + 16;
    Text *texts = sqlite3_realloc64(list->texts, (u64)room * sizeof *texts);
    if (texts == 0) return SQLITE_NOMEM;
    list->texts = texts;
    list->textRoom = room;
  }
  char *copy = sqlite3_malloc64((u64)sql->length + 1);
  if (copy == 0) return SQLITE_NOMEM;
  memcpy(copy, sql->bytes, (size_t)sql->length);
  copy[sql->length] = 0;
  list->text = list->textCount++;
  list->texts[list->text] = (Text){copy, sql->length, 0};
  return SQLITE_OK;
}

static i64 numberOf(const Param *param) {
  char digits[24];
  sqlite3_snprintf(sizeof digits, digits, "%.*s", param->length, param->bytes);
  return strtoll(digits, 0, 10);
}

/* Up to the parameters of the next statement. Returns SQLITE_DONE at the end, SQLITE_MISUSE where the text is none of the worker's. */
static int nextStatement(List *list, Params *params) {
  Param field;
  int more;
  list->call.seed = 0;
  while ((more = nextParam(&list->left, &field)) > 0) {
    int rc = SQLITE_OK;
    switch (field.type) {
      case 'q': rc = addSql(list, &field); break;
      case 'u': list->text = (int)numberOf(&field); break;
      case 'a': list->call.atMs = numberOf(&field); break;
      case 'c':
        list->call.seed = (const u8 *)field.bytes;
        list->call.seedBytes = field.length;
        break;
      case 'r':
        params->at = field.bytes;
        params->end = field.bytes + field.length;
        return list->text >= 0 && list->text < list->textCount ? SQLITE_OK : SQLITE_MISUSE;
      default: rc = SQLITE_MISUSE;
    }
    if (rc != SQLITE_OK) return rc;
  }
  return more == 0 ? SQLITE_DONE : SQLITE_MISUSE;
}

static int once(sqlite3_stmt *statement) {
  int rc = sqlite3_step(statement);
  sqlite3_reset(statement);
  return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* Not what takes much memory, nor what has only been let pass because it only reads. */
static int isToKeep(List *list, sqlite3_stmt *statement) {
  return list->compiledCount < compiledMax && list->session->mayWrite &&
         sqlite3_stmt_status(statement, SQLITE_STMTSTATUS_MEMUSED, 0) <= compiledBytesMax;
}

/* Compiled once for all its places in the list. */
static void keepCompiled(List *list, Text *text, sqlite3_stmt *statement, int done) {
  if (text->statement == 0 && done && isToKeep(list, statement)) {
    text->statement = statement;
    list->compiledCount++;
  }
  if (text->statement == 0) sqlite3_finalize(statement);
  else {
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
  }
}

/* What SQLite could not do around the statement: for the reason that there was, the transaction cannot go on. */
static void addLost(Run *run, int done, int rc) {
  if (done) failed(run, rc, sqlite3_errmsg(run->session->db));
  addError(run, 1);
}

/* The connection is of no use until the call is over. */
static int endsCall(int code) { return (code & 0xff) == SQLITE_INTERRUPT || (code & 0xff) == SQLITE_NOMEM; }

/* Returns whether the list may go on behind it. */
static int listedRun(List *list, Params params) {
  sqlite3 *db = list->session->db;
  Text *text = &list->texts[list->text];
  Run run;
  memset(&run, 0, sizeof run);
  run.session = list->session;
  run.sql = text->sql;
  run.sqlBytes = text->bytes;
  run.statement = text->statement;
  run.params = params;
  run.rowsMax = list->rowsMax;
  run.out.max = list->bytesMax;
  int rc = list->isApart ? once(list->savepoint) : SQLITE_OK, done = 0, goesOn = 0;
  if (rc == SQLITE_OK) {
    done = ran(&run, &list->call);
    keepCompiled(list, text, run.statement, done);
    goesOn = !sqlite3_get_autocommit(db) && (done || (list->isApart && !endsCall(run.code)));
    if (list->isApart && goesOn) {
      if (!done || run.unresolved) rc = once(list->rollback);
      if (rc == SQLITE_OK) rc = once(list->release);
    }
  }
  if (rc != SQLITE_OK) {
    addLost(&run, done || run.code == 0, rc);
    goesOn = 0;
  }
  list->ended = endsCall(run.code) ? run.code & 0xff : endsCall(rc) ? rc & 0xff : SQLITE_OK;
  if (run.out.failed) list->out.failed = SQLITE_NOMEM;
  addBytes(&list->out, run.out.text, run.out.bytes);
  add(&list->out, "\n");
  sqlite3_free(run.out.text);
  return goesOn;
}

static int isEnough(const List *list) {
  return list->count > 0 && (list->out.bytes >= list->bytesEnough || monotonicNs() - list->startedNs >= list->nsEnough);
}

static int runAll(List *list) {
  sqlite3 *db = list->session->db;
  Params params;
  int rc = SQLITE_OK;
  if (list->isApart) {
    rc = sqlite3_prepare_v2(db, "SAVEPOINT listed", -1, &list->savepoint, 0);
    if (rc == SQLITE_OK) rc = sqlite3_prepare_v2(db, "RELEASE listed", -1, &list->release, 0);
    if (rc == SQLITE_OK) rc = sqlite3_prepare_v2(db, "ROLLBACK TO listed", -1, &list->rollback, 0);
  }
  while (rc == SQLITE_OK && !isEnough(list)) {
    rc = nextStatement(list, &params);
    if (rc != SQLITE_OK) break;
    int goesOn = listedRun(list, params);
    if (list->ended != SQLITE_OK) return list->ended;
    if (list->out.failed) return list->out.failed;
    list->count++;
    if (!goesOn) break;
  }
  return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static void runListFunction(sqlite3_context *context, int count, sqlite3_value **arguments) {
  Session *session = sqlite3_user_data(context);
  (void)count;
  List list;
  memset(&list, 0, sizeof list);
  list.session = session;
  list.left.at = (const char *)sqlite3_value_text(arguments[0]);
  if (session->active || list.left.at == 0) { sqlite3_result_error_code(context, SQLITE_MISUSE); return; }
  list.left.end = list.left.at + sqlite3_value_bytes(arguments[0]);
  list.call.mode = sqlite3_value_int(arguments[1]);
  list.isApart = list.call.mode >> 5 & 1;
  list.bytesMax = sqlite3_value_int64(arguments[2]);
  list.rowsMax = sqlite3_value_int64(arguments[3]);
  list.nsEnough = sqlite3_value_int64(arguments[4]) * 1000000;
  list.bytesEnough = sqlite3_value_int64(arguments[5]);
  list.out.max = INT64_MAX;
  list.startedNs = monotonicNs();
  int rc = runAll(&list);
  session->reached = rc == SQLITE_OK ? -1 : list.count;
  for (int i = 0; i < list.textCount; i++) {
    sqlite3_finalize(list.texts[i].statement);
    sqlite3_free(list.texts[i].sql);
  }
  sqlite3_free(list.texts);
  sqlite3_finalize(list.savepoint);
  sqlite3_finalize(list.release);
  sqlite3_finalize(list.rollback);
  giveBack();
  if (rc == SQLITE_OK) sqlite3_result_text64(context, list.out.text, (u64)list.out.bytes, sqlite3_free, SQLITE_UTF8);
  else {
    sqlite3_free(list.out.text);
    sqlite3_result_error_code(context, rc);
  }
}

static void reachedFunction(sqlite3_context *context, int count, sqlite3_value **arguments) {
  Session *session = sqlite3_user_data(context);
  (void)count; (void)arguments;
  if (session->reached >= 0) sqlite3_result_int64(context, session->reached);
  session->reached = -1;
}

/* ---------------------------------------------------------------- what a statement takes and gives */

static int described(Run *run) {
  Out *out = &run->out;
  int count = sqlite3_bind_parameter_count(run->statement);
  add(out, "\"params\":[");
  for (int i = 1; i <= count && !out->failed; i++) {
    add(out, i == 1 ? "{\"name\":" : ",{\"name\":");
    addName(out, sqlite3_bind_parameter_name(run->statement, i));
    add(out, "}");
  }
  add(out, "],");
  addColumns(run);
  add(out, sqlite3_stmt_isexplain(run->statement) ? ",\"explain\":true" : ",\"explain\":false");
  add(out, sqlite3_stmt_readonly(run->statement) ? ",\"readonly\":true" : ",\"readonly\":false");
  return out->failed ? failed(run, out->failed, "the answer is too large") : 1;
}

static void describeFunction(sqlite3_context *context, int count, sqlite3_value **arguments) {
  Session *session = sqlite3_user_data(context);
  (void)count;
  Run run;
  memset(&run, 0, sizeof run);
  run.session = session;
  run.sql = (const char *)sqlite3_value_text(arguments[0]);
  run.sqlBytes = sqlite3_value_bytes(arguments[0]);
  run.out.max = sqlite3_value_int64(arguments[1]);
  if (session->active || run.sql == 0) { sqlite3_result_error_code(context, SQLITE_MISUSE); return; }
  session->mayWrite = 1;
  session->mayDefine = sqlite3_value_int(arguments[2]);
  session->isRowForm = session->usedChance = session->longPatterns = 0;
  session->defines = session->alters = session->readsOnly = 0;
  session->kept = 0;
  session->why[0] = 0;
  session->active = 1;
  Kept kept = limit(session);
  int done = isCompiled(&run) && described(&run);
  unlimit(session->db, kept);
  end(session);
  if (done) addFacts(&run);
  else addError(&run, 0);
  sqlite3_finalize(run.statement);
  giveBack();
  if (run.out.failed) { sqlite3_free(run.out.text); sqlite3_result_error_nomem(context); }
  else sqlite3_result_text64(context, run.out.text, (u64)run.out.bytes, sqlite3_free, SQLITE_UTF8);
}

/* ---------------------------------------------------------------- random() and randomblob() */

/* Returns 0 where a record of the log says that its statement needs none: the copies are not the same any more. */
static int chanceOf(Session *session, u8 *into, int bytes) {
  session->usedChance = 1;
  if (session->active && session->hasSeed) fill(&session->chance, into, bytes);
  else if (session->active && session->mayWrite) return 0;
  else sqlite3_randomness(bytes, into);
  return 1;
}

static void randomFunction(sqlite3_context *context, int count, sqlite3_value **arguments) {
  u64 value;
  (void)count; (void)arguments;
  if (!chanceOf(sqlite3_user_data(context), (u8 *)&value, sizeof value))
    sqlite3_result_error(context, "the record has no seed", -1);
  /* Like SQLite's own: without the one value whose sign cannot be changed. */
  else sqlite3_result_int64(context, value >> 63 ? -(i64)(value & 0x7fffffffffffffff) : (i64)value);
}

static void randomBlobFunction(sqlite3_context *context, int count, sqlite3_value **arguments) {
  Session *session = sqlite3_user_data(context);
  i64 bytes = sqlite3_value_int64(arguments[0]);
  (void)count;
  if (bytes < 1) bytes = 1;
  if (bytes > sqlite3_limit(session->db, SQLITE_LIMIT_LENGTH, -1)) { sqlite3_result_error_toobig(context); return; }
  u8 *blob = sqlite3_malloc64((u64)bytes);
  if (blob == 0) { sqlite3_result_error_nomem(context); return; }
  if (chanceOf(session, blob, (int)bytes)) sqlite3_result_blob64(context, blob, (u64)bytes, sqlite3_free);
  else {
    sqlite3_free(blob);
    sqlite3_result_error(context, "the record has no seed", -1);
  }
}

/* ---------------------------------------------------------------- functions whose time is bounded
**
** A call cannot be interrupted, and these take as long as the product of their first two arguments: of two texts of a MiB it could be
** hours. What they give is SQLite's own, from a connection on which they are as SQLite has them.
*/

typedef struct {
  const char *name;
  int arguments;
  const char *sql;
  /* Of the products of the lengths in bytes. Each takes about half a second. */
  i64 most;
  int isJson;
} Bounded;

static const Bounded boundedFunctions[boundedCount] = {
    {"trim", 2, "SELECT trim(?1, ?2)", 1 << 26, 0},
    {"ltrim", 2, "SELECT ltrim(?1, ?2)", 1 << 26, 0},
    {"rtrim", 2, "SELECT rtrim(?1, ?2)", 1 << 26, 0},
    {"unhex", 2, "SELECT unhex(?1, ?2)", 1 << 26, 0},
    {"instr", 2, "SELECT instr(?1, ?2)", 1ll << 32, 0},
    {"replace", 3, "SELECT replace(?1, ?2, ?3)", 1ll << 32, 0},
    {"json_patch", 2, "SELECT json_patch(?1, ?2)", 1 << 28, 1},
    {"jsonb_patch", 2, "SELECT jsonb_patch(?1, ?2)", 1 << 28, 0}};

/* Told by its VFS, which is not ours: it has none of what is made here, however often this library is loaded. */
static const char plainVfs[] = "unix";

static int isPlainConnection(sqlite3 *db) {
  sqlite3_vfs *vfs = 0;
  sqlite3_file_control(db, "main", SQLITE_FCNTL_VFS_POINTER, &vfs);
  return vfs != 0 && strcmp(vfs->zName, plainVfs) == 0;
}

static int openPlain(Session *session) {
  int rc = sqlite3_open_v2(":memory:", &session->plain, SQLITE_OPEN_READWRITE, plainVfs);
  for (int i = 0; i < boundedCount && rc == SQLITE_OK; i++)
    rc = sqlite3_prepare_v2(session->plain, boundedFunctions[i].sql, -1, &session->plainCalls[i], 0);
  return rc;
}

static void closePlain(Session *session) {
  for (int i = 0; i < boundedCount; i++) sqlite3_finalize(session->plainCalls[i]);
  sqlite3_close(session->plain);
  session->plain = 0;
  memset(session->plainCalls, 0, sizeof session->plainCalls);
}

static void forget(void *user) {
  closePlain(user);
  sqlite3_free(user);
}

static void calledPlainly(sqlite3_context *context, Session *session, int which, sqlite3_value **arguments) {
  sqlite3_stmt *call = session->plainCalls[which];
  int rc = SQLITE_OK;
  sqlite3_limit(session->plain, SQLITE_LIMIT_LENGTH, sqlite3_limit(session->db, SQLITE_LIMIT_LENGTH, -1));
  for (int i = 0; i < boundedFunctions[which].arguments && rc == SQLITE_OK; i++)
    rc = sqlite3_bind_value(call, i + 1, arguments[i]);
  if (rc == SQLITE_OK) rc = sqlite3_step(call);
  if (rc == SQLITE_ROW) {
    sqlite3_result_value(context, sqlite3_column_value(call, 0));
    if (boundedFunctions[which].isJson) sqlite3_result_subtype(context, 'J');
  } else if (rc == SQLITE_TOOBIG) sqlite3_result_error_toobig(context);
  else if (rc == SQLITE_NOMEM) sqlite3_result_error_nomem(context);
  else sqlite3_result_error(context, sqlite3_errmsg(session->plain), -1);
  sqlite3_reset(call);
  sqlite3_clear_bindings(call);
}

/* A number is taken for its digits, as the functions themselves do it. */
static void boundedFunction(sqlite3_context *context, int count, sqlite3_value **arguments) {
  BoundedCall *call = sqlite3_user_data(context);
  Session *session = call->session;
  int which = call->which;
  (void)count;
  i64 product = (i64)sqlite3_value_bytes(arguments[0]) * sqlite3_value_bytes(arguments[1]);
  char why[120];
  if (session->active && product > boundedFunctions[which].most) {
    sqlite3_snprintf(sizeof why, why, "the arguments of %s() are too long together", boundedFunctions[which].name);
    sqlite3_result_error(context, why, -1);
    sqlite3_result_error_code(context, SQLITE_TOOBIG);
    return;
  }
  if (session->plain == 0 && openPlain(session) != SQLITE_OK) {
    closePlain(session);
    sqlite3_result_error_nomem(context);
    return;
  }
  calledPlainly(context, session, which, arguments);
}

static int boundFunctions(sqlite3 *db, Session *session) {
  int rc = SQLITE_OK;
  for (int i = 0; i < boundedCount && rc == SQLITE_OK; i++) {
    const Bounded *one = &boundedFunctions[i];
    int how = SQLITE_UTF8 | SQLITE_INNOCUOUS | SQLITE_DETERMINISTIC | (one->isJson ? SQLITE_RESULT_SUBTYPE : 0);
    session->boundedCalls[i] = (BoundedCall){session, i};
    rc = sqlite3_create_function(db, one->name, one->arguments, how, &session->boundedCalls[i], boundedFunction, 0, 0);
  }
  return rc;
}

/* ---------------------------------------------------------------- loading */

/* For every connection that is opened from now on. */
static int prepareConnection(sqlite3 *db, char **message, const sqlite3_api_routines *api) {
  (void)message; (void)api;
  if (isPlainConnection(db)) return SQLITE_OK;
  Session *session = sqlite3_malloc64(sizeof *session);
  if (session == 0) return SQLITE_NOMEM;
  memset(session, 0, sizeof *session);
  session->db = db;
  session->reached = -1;
  int own = SQLITE_UTF8 | SQLITE_DIRECTONLY, every = SQLITE_UTF8 | SQLITE_INNOCUOUS;
  int rc = sqlite3_create_function_v2(db, "dbaas_run", 8, own, session, runFunction, 0, 0, forget);
  if (rc == SQLITE_OK) rc = sqlite3_create_function(db, "dbaas_run_list", 6, own, session, runListFunction, 0, 0);
  if (rc == SQLITE_OK) rc = sqlite3_create_function(db, "dbaas_reached", 0, own, session, reachedFunction, 0, 0);
  if (rc == SQLITE_OK) rc = sqlite3_create_function(db, "dbaas_triggers", 1, own, session, triggersFunction, 0, 0);
  if (rc == SQLITE_OK) rc = sqlite3_create_function(db, "dbaas_describe", 3, own, session, describeFunction, 0, 0);
  if (rc == SQLITE_OK) rc = sqlite3_create_function(db, "random", 0, every, session, randomFunction, 0, 0);
  if (rc == SQLITE_OK) rc = sqlite3_create_function(db, "randomblob", 1, every, session, randomBlobFunction, 0, 0);
  if (rc == SQLITE_OK) rc = boundFunctions(db, session);
  if (rc == SQLITE_OK) rc = sqlite3_set_authorizer(db, authorize, session);
  return rc;
}

/*
** Loaded once in a process, by a connection that is closed again. The system's VFS stays as it is, and under its own name; ours
** becomes the one that files are opened with.
*/
int sqlite3_extension_init(sqlite3 *db, char **message, const sqlite3_api_routines *api) {
  SQLITE_EXTENSION_INIT2(api);
  (void)db; (void)message;
  systemVfs = sqlite3_vfs_find(0);
  if (systemVfs == 0 || systemVfs->iVersion < 2) return SQLITE_ERROR;
  timedVfs = *systemVfs;
  timedVfs.zName = "dbaas";
  timedVfs.pNext = 0;
  timedVfs.xCurrentTime = currentTime;
  timedVfs.xCurrentTimeInt64 = currentTimeInt64;
  int rc = sqlite3_vfs_register(&timedVfs, 1);
  if (rc == SQLITE_OK) rc = sqlite3_auto_extension((void (*)(void))prepareConnection);
  return rc == SQLITE_OK ? SQLITE_OK_LOAD_PERMANENTLY : rc;
}
