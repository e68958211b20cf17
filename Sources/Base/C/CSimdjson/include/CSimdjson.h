// The thinnest door to simdjson: parse a streams answer into plain arrays of doubles, and cut long lists out of an object.
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
    FSJ_NO_MEMORY = 4
} fsj_status;

typedef struct fsj_streams fsj_streams;

// Reads {"time":{"data":[…]},…} or [{"type":"time","data":[…]},…]. Unknown streams and keys are passed over.
// On FSJ_OK *result must be freed with fsj_streams_free. No stream may have more than points_max elements.
fsj_status fsj_streams_read(const uint8_t *bytes, size_t length, size_t points_max, fsj_streams **result);
void fsj_streams_free(fsj_streams *streams);

// The values of one stream (NULL and *count 0 when Strava sent none); *present is 1 when its data list was there.
const double *fsj_streams_values(const fsj_streams *streams, int stream, size_t *count, int *present);
// Size before Strava thinned the points out; -1 when not sent.
int64_t fsj_streams_original_size(const fsj_streams *streams);
// UTF-8, zero-terminated, empty when not sent; at most 31 bytes.
const char *fsj_streams_series_type(const fsj_streams *streams);
const char *fsj_streams_resolution(const fsj_streams *streams);

// Copies the JSON object in bytes to *result without the fields named in dropped (zero-terminated names, their number in
// dropped_count) and without a byte-order mark. What is kept is copied as it stands; fields that are cut are not looked into.
// On FSJ_OK *result must be freed with fsj_text_free.
fsj_status fsj_object_without(
    const uint8_t *bytes, size_t length, const char *const *dropped, size_t dropped_count, char **result, size_t *result_length);
void fsj_text_free(char *text);

#ifdef __cplusplus
}
#endif
