// A thin interface to simdjson: parses a streams answer into plain arrays of doubles, and cuts long lists out of an object.
// A JSON null, and any element that is not a number or a boolean, is NaN (JSON itself can't hold NaN).
#pragma once
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    FSJ_TIME = 0,
    FSJ_DISTANCE,
    FSJ_LATITUDE,
    FSJ_LONGITUDE,
    FSJ_ALTITUDE,
    FSJ_VELOCITY,
    FSJ_HEARTRATE,
    FSJ_CADENCE,
    FSJ_WATTS,
    FSJ_TEMP,
    FSJ_MOVING,
    FSJ_GRADE,
    FSJ_STREAM_COUNT
};

typedef enum {
    FSJ_OK = 0,
    FSJ_NOT_JSON = 1,
    FSJ_WRONG_SHAPE = 2,
    FSJ_TOO_LONG = 3,
    FSJ_NO_MEMORY = 4,
    FSJ_TOO_DEEP = 5
} fsj_status;

// The identity of an answer, to be compared with the request.
typedef enum {
    FSJ_ID_NONE = 0,
    // An integer of 64 bits, also written as a string or with a fraction of zero.
    FSJ_ID_NUMBER = 1,
    // Another string; it is in id_text when it has at most 31 bytes.
    FSJ_ID_TEXT = 2,
    FSJ_ID_OTHER = 3
} fsj_id_kind;

typedef struct {
    fsj_id_kind id_kind;
    int64_t id;
    char id_text[32];
    // The id in the object "athlete".
    fsj_id_kind owner_kind;
    int64_t owner;
    // Bit n: the n-th of the given names is present, as an object, a list or a string that is not empty.
    uint64_t present;
    // The value of the first name as sent, without its quotes; empty when it is no string or has more than 63 bytes.
    char first_text[64];
} fsj_document;

// Reads the whole document: checks its structure, numbers and literals, and keeps only the fields above.
// names: up to 64 names of top-level fields. Deeper than depth_max levels is FSJ_TOO_DEEP.
fsj_status fsj_document_read(
    const uint8_t *bytes, size_t length, size_t depth_max, const char *const *names, size_t names_count, fsj_document *result);

// Faults of a streams answer, as bits.
enum {
    // A known stream is neither null nor an object with a list of data.
    FSJ_FAULT_FORM = 1,
    // A stream has more or fewer elements than its own original_size says, or streams differ in length.
    FSJ_FAULT_LENGTHS = 2
};

typedef struct fsj_streams fsj_streams;

// Reads {"time":{"data":[…]},…} or [{"type":"time","data":[…]},…]. Unknown streams and keys are ignored.
// On FSJ_OK *result must be freed with fsj_streams_free. No stream may have more than points_max elements.
fsj_status fsj_streams_read(const uint8_t *bytes, size_t length, size_t points_max, fsj_streams **result);
void fsj_streams_free(fsj_streams *streams);

// The values of one stream (NULL and *count 0 when Strava sent none); *present is 1 when its data list was sent.
const double *fsj_streams_values(const fsj_streams *streams, int stream, size_t *count, int *present);
// FSJ_FAULT_… of the answer; 0: none.
int fsj_streams_faults(const fsj_streams *streams);
// Number of points before Strava reduced them; -1 when not sent.
int64_t fsj_streams_original_size(const fsj_streams *streams);
// UTF-8, zero-terminated, empty when not sent; at most 31 bytes.
const char *fsj_streams_series_type(const fsj_streams *streams);
const char *fsj_streams_resolution(const fsj_streams *streams);

// Copies the JSON object in bytes to *result without the fields named in dropped (zero-terminated names, their number in
// dropped_count) and without a byte-order mark. The other fields are copied as sent; dropped fields are not parsed.
// On FSJ_OK *result must be freed with fsj_text_free.
fsj_status fsj_object_without(
    const uint8_t *bytes, size_t length, const char *const *dropped, size_t dropped_count, char **result, size_t *result_length);
void fsj_text_free(char *text);

// Copies lists of objects out of the JSON object in bytes, with the given fields of their elements and no others, as one JSON object:
// {"efforts":[{"id":1,"segment.name":"Hill"}]} for the fields "efforts[].id" and "efforts[].segment.name" (zero-terminated, at most 64). An
// element that is not an object is left out, as are those beyond elements_max; values are copied as sent, nulls left out. Without any element *result_length
// is 0. On FSJ_OK *result must be freed with fsj_text_free.
fsj_status fsj_lists_read(
    const uint8_t *bytes, size_t length, const char *const *fields, size_t fields_count, size_t elements_max, char **result,
    size_t *result_length);

// The parts of a JSON value, in the order in which they stand.
typedef enum {
    FSJ_EVENT_NULL = 0,
    FSJ_EVENT_TRUE,
    FSJ_EVENT_FALSE,
    // Its digits as sent.
    FSJ_EVENT_NUMBER,
    // UTF-8, without escapes.
    FSJ_EVENT_STRING,
    // The key of the value that follows, like a string.
    FSJ_EVENT_KEY,
    FSJ_EVENT_OBJECT,
    FSJ_EVENT_LIST,
    // The end of the object or list that began last.
    FSJ_EVENT_END
} fsj_event;

// text is only valid during the call.
typedef void (*fsj_handler)(void *context, fsj_event event, const char *text, size_t length);

// Reads one JSON value (RFC 8259), also a number or a string alone, and calls handler for each of its parts. NaN and Infinity are null. A
// value within depth_max others is FSJ_TOO_DEEP. Parts that were handled before a failure are void.
fsj_status fsj_value_read(const uint8_t *bytes, size_t length, size_t depth_max, void *context, fsj_handler handler);

// Calls handler with FSJ_EVENT_KEY for each field of the JSON object in bytes, or of each object in the JSON list in bytes, and with
// FSJ_EVENT_STRING for the value of the field valued where that is a string. Nothing deeper is read. A key has the escapes with which it was sent.
fsj_status fsj_fields_read(const uint8_t *bytes, size_t length, const char *valued, void *context, fsj_handler handler);

#ifdef __cplusplus
}
#endif
