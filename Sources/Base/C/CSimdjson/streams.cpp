#include "CSimdjson.h"

#include <simdjson.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <vector>

using namespace simdjson;

namespace {

constexpr double kNull = std::numeric_limits<double>::quiet_NaN();

struct TooLong {};

}  // namespace

struct fsj_streams {
    std::vector<double> values[FSJ_STREAM_COUNT];
    bool present[FSJ_STREAM_COUNT] = {};
    int64_t original_size = -1;
    char series_type[32] = {};
    char resolution[32] = {};
};

namespace {

// What one stream's object says, before its name is known (in the array form "type" may come after "data").
struct Series {
    // Each element as a number.
    std::vector<double> numbers;
    // Each element as a pair; empty as long as no element is a list.
    std::vector<double> latitudes;
    std::vector<double> longitudes;
    bool has_data = false;
};

int stream_of(std::string_view name) {
    static constexpr struct {
        std::string_view name;
        int stream;
    } known[] = {
        {"time", FSJ_TIME},           {"distance", FSJ_DISTANCE}, {"latlng", FSJ_LATITUDE},     {"altitude", FSJ_ALTITUDE},
        {"velocity_smooth", FSJ_VELOCITY}, {"heartrate", FSJ_HEARTRATE}, {"cadence", FSJ_CADENCE}, {"watts", FSJ_WATTS},
        {"temp", FSJ_TEMP},           {"moving", FSJ_MOVING},     {"grade_smooth", FSJ_GRADE},
    };
    for (const auto &entry : known) {
        if (entry.name == name) return entry.stream;
    }
    return -1;
}

// What is no number or boolean is null; what begins as a number and is none (1.2.3) ends the reading.
double scalar(ondemand::value value, ondemand::json_type type) {
    switch (type) {
        case ondemand::json_type::number: return double(value.get_double());
        case ondemand::json_type::boolean: return bool(value.get_bool()) ? 1 : 0;
        default: return kNull;
    }
}

// A [latitude, longitude] pair; a list of another length is two nulls.
void read_pair(ondemand::array pair, Series &series) {
    double halves[2] = {kNull, kNull};
    size_t place = 0;
    for (ondemand::value element : pair) {
        if (place < 2 && element.get_double().get(halves[place]) != SUCCESS) halves[place] = scalar(element, element.type());
        place++;
    }
    series.latitudes.resize(series.numbers.size(), kNull);
    series.longitudes.resize(series.numbers.size(), kNull);
    series.numbers.push_back(kNull);
    series.latitudes.push_back(place == 2 ? halves[0] : kNull);
    series.longitudes.push_back(place == 2 ? halves[1] : kNull);
}

void read_data(ondemand::value value, size_t points_max, Series &series) {
    if (ondemand::json_type(value.type()) != ondemand::json_type::array) return;
    series = Series{};
    series.has_data = true;
    series.numbers.reserve(std::min<size_t>(points_max, 4096));
    for (ondemand::value element : value.get_array()) {
        if (series.numbers.size() >= points_max) throw TooLong{};
        // Nearly all elements are numbers: tried first, without a look at what they are.
        double number;
        if (element.get_double().get(number) == SUCCESS) {
            series.numbers.push_back(number);
            continue;
        }
        ondemand::json_type type = element.type();
        if (type == ondemand::json_type::array) {
            read_pair(element.get_array(), series);
        } else {
            series.numbers.push_back(scalar(element, type));
        }
    }
}

void copy_text(ondemand::value value, char (&target)[32]) {
    if (ondemand::json_type(value.type()) != ondemand::json_type::string) return;
    std::string_view text = value.get_string();
    if (text.size() >= sizeof target) return;
    std::memcpy(target, text.data(), text.size());
    target[text.size()] = 0;
}

// Reads one stream's object; returns its "type" when it has one.
std::string read_series(ondemand::object object, size_t points_max, fsj_streams &streams, Series &series) {
    std::string type;
    for (auto field : object) {
        std::string_view key = field.unescaped_key();
        ondemand::value value = field.value();
        if (key == "data") {
            read_data(value, points_max, series);
        } else if (key == "type" && ondemand::json_type(value.type()) == ondemand::json_type::string) {
            type = std::string(std::string_view(value.get_string()));
        } else if (key == "original_size" && ondemand::json_type(value.type()) == ondemand::json_type::number) {
            double size = value.get_double();
            if (size >= 0 && size < 2147483647) streams.original_size = std::max(streams.original_size, int64_t(size));
        } else if (key == "series_type") {
            copy_text(value, streams.series_type);
        } else if (key == "resolution") {
            copy_text(value, streams.resolution);
        }
    }
    return type;
}

void keep(fsj_streams &streams, int stream, Series &&series) {
    if (stream < 0 || !series.has_data) return;
    streams.present[stream] = true;
    if (stream == FSJ_LATITUDE) {
        series.latitudes.resize(series.numbers.size(), kNull);
        series.longitudes.resize(series.numbers.size(), kNull);
        streams.values[FSJ_LATITUDE] = std::move(series.latitudes);
        streams.values[FSJ_LONGITUDE] = std::move(series.longitudes);
        streams.present[FSJ_LONGITUDE] = true;
    } else {
        streams.values[stream] = std::move(series.numbers);
    }
}

void read_by_type(ondemand::object object, size_t points_max, fsj_streams &streams) {
    for (auto field : object) {
        int stream = stream_of(field.unescaped_key());
        ondemand::value value = field.value();
        if (ondemand::json_type(value.type()) != ondemand::json_type::object) continue;
        Series series;
        read_series(value.get_object(), points_max, streams, series);
        keep(streams, stream, std::move(series));
    }
}

void read_list(ondemand::array array, size_t points_max, fsj_streams &streams) {
    for (ondemand::value value : array) {
        if (ondemand::json_type(value.type()) != ondemand::json_type::object) continue;
        Series series;
        std::string type = read_series(value.get_object(), points_max, streams, series);
        keep(streams, stream_of(type), std::move(series));
    }
}

std::string_view without_mark(const uint8_t *bytes, size_t length) {
    std::string_view text(reinterpret_cast<const char *>(bytes), length);
    if (text.substr(0, 3) == "\xEF\xBB\xBF") text.remove_prefix(3);
    return text;
}

// Nothing may follow the document's value.
bool is_finished(ondemand::document &document) { return document.current_location().error() == OUT_OF_BOUNDS; }

template <typename Body>
fsj_status guarded(Body body) {
    try {
        return body();
    } catch (const simdjson_error &) {
        return FSJ_NOT_JSON;
    } catch (const TooLong &) {
        return FSJ_TOO_LONG;
    } catch (const std::bad_alloc &) {
        return FSJ_NO_MEMORY;
    } catch (...) {
        return FSJ_NOT_JSON;
    }
}

}  // namespace

extern "C" fsj_status fsj_streams_read(const uint8_t *bytes, size_t length, size_t points_max, fsj_streams **result) {
    return guarded([&] {
        auto streams = std::make_unique<fsj_streams>();
        padded_string text(without_mark(bytes, length));
        ondemand::parser parser;
        ondemand::document document = parser.iterate(text);
        switch (ondemand::json_type(document.type())) {
            case ondemand::json_type::object: read_by_type(document.get_object(), points_max, *streams); break;
            case ondemand::json_type::array: read_list(document.get_array(), points_max, *streams); break;
            default: return FSJ_WRONG_SHAPE;
        }
        if (!is_finished(document)) return FSJ_NOT_JSON;
        *result = streams.release();
        return FSJ_OK;
    });
}

extern "C" void fsj_streams_free(fsj_streams *streams) { delete streams; }

extern "C" const double *fsj_streams_values(const fsj_streams *streams, int stream, size_t *count, int *present) {
    *count = streams->values[stream].size();
    *present = streams->present[stream] ? 1 : 0;
    return *count == 0 ? nullptr : streams->values[stream].data();
}

extern "C" int64_t fsj_streams_original_size(const fsj_streams *streams) { return streams->original_size; }
extern "C" const char *fsj_streams_series_type(const fsj_streams *streams) { return streams->series_type; }
extern "C" const char *fsj_streams_resolution(const fsj_streams *streams) { return streams->resolution; }

extern "C" fsj_status fsj_object_without(
    const uint8_t *bytes, size_t length, const char *const *dropped, size_t dropped_count, char **result, size_t *result_length) {
    return guarded([&] {
        padded_string text(without_mark(bytes, length));
        ondemand::parser parser;
        ondemand::document document = parser.iterate(text);
        if (ondemand::json_type(document.type()) != ondemand::json_type::object) return FSJ_WRONG_SHAPE;
        std::string kept = "{";
        for (auto field : document.get_object()) {
            ondemand::raw_json_string key = field.key();
            ondemand::value value = field.value();
            bool drop = false;
            for (size_t index = 0; index < dropped_count && !drop; index++) drop = key.unsafe_is_equal(dropped[index]);
            if (drop) continue;
            // The key's bytes as sent, up to its closing quote.
            const char *start = key.raw();
            const char *end = start;
            while (*end != '"') end += *end == '\\' ? 2 : 1;
            if (kept.size() > 1) kept += ',';
            kept += '"';
            kept.append(start, end);
            kept += "\":";
            ondemand::json_type type = value.type();
            if (type == ondemand::json_type::object) {
                ondemand::object inner = value.get_object();
                kept += std::string_view(inner.raw_json());
            } else if (type == ondemand::json_type::array) {
                ondemand::array inner = value.get_array();
                kept += std::string_view(inner.raw_json());
            } else {
                kept += std::string_view(value.raw_json_token());
            }
        }
        kept += '}';
        if (!is_finished(document)) return FSJ_NOT_JSON;
        char *copy = new char[kept.size()];
        std::memcpy(copy, kept.data(), kept.size());
        *result = copy;
        *result_length = kept.size();
        return FSJ_OK;
    });
}

extern "C" void fsj_text_free(char *text) { delete[] text; }
