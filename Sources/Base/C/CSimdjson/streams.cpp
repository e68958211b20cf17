#include "CSimdjson.h"

#include <simdjson.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <iterator>
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
struct TooDeep {};
struct NotJSON {};

}  // namespace

struct fsj_streams {
    std::vector<double> values[FSJ_STREAM_COUNT];
    bool present[FSJ_STREAM_COUNT] = {};
    int64_t original_size = -1;
    int faults = 0;
    char series_type[32] = {};
    char resolution[32] = {};
};

namespace {

// The content of one stream's object, read before its name is known (in the array form "type" may come after "data").
struct Series {
    // Each element as a number.
    std::vector<double> numbers;
    // Each element as a pair; empty as long as no element is a list.
    std::vector<double> latitudes;
    std::vector<double> longitudes;
    bool has_data = false;
    // Whether "data" is present and neither null nor a list.
    bool is_wrong = false;
    int64_t original_size = -1;
    bool is_thinned = false;
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

std::string_view trimmed(std::string_view token) {
    size_t end = token.find_last_not_of(" \t\r\n");
    return token.substr(0, end == std::string_view::npos ? 0 : end + 1);
}

size_t digits(std::string_view text, size_t from) {
    size_t end = from;
    while (end < text.size() && text[end] >= '0' && text[end] <= '9') end++;
    return end;
}

// -? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)? (RFC 8259), of any size: the caller decides whether the number is usable.
bool is_number(std::string_view text) {
    size_t at = !text.empty() && text[0] == '-' ? 1 : 0;
    size_t end = digits(text, at);
    if (end == at || (text[at] == '0' && end > at + 1)) return false;
    if (end < text.size() && text[end] == '.') {
        at = end + 1;
        end = digits(text, at);
        if (end == at) return false;
    }
    if (end < text.size() && (text[end] == 'e' || text[end] == 'E')) {
        at = end + 1;
        if (at < text.size() && (text[at] == '+' || text[at] == '-')) at++;
        end = digits(text, at);
        if (end == at) return false;
    }
    return end == text.size();
}

// Some writers put these for a missing number; JSON does not have them.
bool is_no_number(std::string_view token) { return token == "NaN" || token == "Infinity" || token == "-Infinity"; }

// Whether the value is an object or a list; a value that is not JSON is neither.
bool is_compound(ondemand::value value, ondemand::json_type &type) {
    return value.type().get(type) == SUCCESS && (type == ondemand::json_type::object || type == ondemand::json_type::array);
}

// A value that is no number or boolean, or a number out of range, is null; a text that holds a number is that number. A malformed number
// (1.2.3) ends the parse.
double scalar(ondemand::value value) {
    std::string_view token = trimmed(value.raw_json_token());
    if (token == "true") return 1;
    if (token == "false") return 0;
    if (token == "null" || is_no_number(token) || is_number(token)) return kNull;
    double number;
    if (token.size() > 2 && token.front() == '"' && is_number(token.substr(1, token.size() - 2))
        && value.get_double_in_string().get(number) == SUCCESS) {
        return number;
    }
    (void)std::string_view(value.get_string());
    return kNull;
}

// A [latitude, longitude] pair; a list of another length is two nulls.
void read_pair(ondemand::array pair, Series &series) {
    double halves[2] = {kNull, kNull};
    size_t place = 0;
    for (ondemand::value element : pair) {
        ondemand::json_type type;
        if (place < 2 && element.get_double().get(halves[place]) != SUCCESS) halves[place] = is_compound(element, type) ? kNull : scalar(element);
        place++;
    }
    series.latitudes.resize(series.numbers.size(), kNull);
    series.longitudes.resize(series.numbers.size(), kNull);
    series.numbers.push_back(kNull);
    series.latitudes.push_back(place == 2 ? halves[0] : kNull);
    series.longitudes.push_back(place == 2 ? halves[1] : kNull);
}

void read_data(ondemand::value value, size_t points_max, Series &series) {
    ondemand::json_type type = value.type();
    if (type != ondemand::json_type::array) {
        series.is_wrong = type != ondemand::json_type::null;
        return;
    }
    series.numbers.clear();
    series.latitudes.clear();
    series.longitudes.clear();
    series.has_data = true;
    series.numbers.reserve(std::min<size_t>(points_max, 4096));
    for (ondemand::value element : value.get_array()) {
        if (series.numbers.size() >= points_max) throw TooLong{};
        // Nearly all elements are numbers: tried first, without asking for their type.
        double number;
        if (element.get_double().get(number) == SUCCESS) {
            series.numbers.push_back(number);
            continue;
        }
        ondemand::json_type type;
        if (!is_compound(element, type)) {
            series.numbers.push_back(scalar(element));
        } else if (type == ondemand::json_type::array) {
            read_pair(element.get_array(), series);
        } else {
            series.numbers.push_back(kNull);
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
            if (size >= 0 && size < 2147483647) {
                series.original_size = int64_t(size);
                streams.original_size = std::max(streams.original_size, series.original_size);
            }
        } else if (key == "series_type") {
            copy_text(value, streams.series_type);
        } else if (key == "resolution") {
            copy_text(value, streams.resolution);
            series.is_thinned = std::string_view(streams.resolution) == "low" || std::string_view(streams.resolution) == "medium";
        }
    }
    return type;
}

// In an answer of Strava's all streams have the same length, which each states as its size (docs/strava-api.md 3.4).
void judge(fsj_streams &streams, const Series &series) {
    auto count = int64_t(series.numbers.size());
    if (series.original_size >= 0 && count != series.original_size && !(series.is_thinned && count < series.original_size)) {
        streams.faults |= FSJ_FAULT_LENGTHS;
    }
    for (int other = 0; other < FSJ_STREAM_COUNT; other++) {
        if (streams.present[other] && streams.values[other].size() != series.numbers.size()) streams.faults |= FSJ_FAULT_LENGTHS;
    }
}

void keep(fsj_streams &streams, int stream, Series &&series) {
    if (stream < 0) return;
    if (series.is_wrong) streams.faults |= FSJ_FAULT_FORM;
    if (!series.has_data) return;
    judge(streams, series);
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
        ondemand::json_type type = value.type();
        if (type != ondemand::json_type::object) {
            if (stream >= 0 && type != ondemand::json_type::null) streams.faults |= FSJ_FAULT_FORM;
            continue;
        }
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
    } catch (const TooDeep &) {
        return FSJ_TOO_DEEP;
    } catch (const NotJSON &) {
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

extern "C" int fsj_streams_faults(const fsj_streams *streams) { return streams->faults; }
extern "C" int64_t fsj_streams_original_size(const fsj_streams *streams) { return streams->original_size; }
extern "C" const char *fsj_streams_series_type(const fsj_streams *streams) { return streams->series_type; }
extern "C" const char *fsj_streams_resolution(const fsj_streams *streams) { return streams->resolution; }

namespace {

// What simdjson leaves to its reader: whether a number or a literal is one as a whole.
void check_token(ondemand::json_type type, std::string_view token) {
    bool is_whole = true;
    if (type == ondemand::json_type::number) is_whole = is_number(token);
    if (type == ondemand::json_type::boolean) is_whole = token == "true" || token == "false";
    if (type == ondemand::json_type::null) is_whole = token == "null";
    if (!is_whole) throw NotJSON{};
}

void check(ondemand::value value, size_t levels_left) {
    std::string_view token = trimmed(value.raw_json_token());
    if (is_no_number(token)) return;
    ondemand::json_type type = value.type();
    check_token(type, token);
    switch (type) {
        case ondemand::json_type::object:
            if (levels_left == 0) throw TooDeep{};
            for (auto field : value.get_object()) check(field.value(), levels_left - 1);
            break;
        case ondemand::json_type::array:
            if (levels_left == 0) throw TooDeep{};
            for (ondemand::value element : value.get_array()) check(element, levels_left - 1);
            break;
        default: break;
    }
}

// A whole number of 64 bits, also one that is written as 12.0.
bool whole_number(std::string_view text, int64_t &number) {
    if (!is_number(text) || text.size() > 40) return false;
    std::string copy(text);
    char *end = nullptr;
    errno = 0;
    number = std::strtoll(copy.c_str(), &end, 10);
    if (errno == 0 && *end == 0) return true;
    double fraction = std::strtod(copy.c_str(), nullptr);
    if (!(std::abs(fraction) < 9007199254740992.0) || fraction != std::floor(fraction)) return false;
    number = int64_t(fraction);
    return true;
}

void read_id(ondemand::value value, fsj_id_kind &kind, int64_t &number, char (*text)[32]) {
    kind = FSJ_ID_OTHER;
    if (is_no_number(trimmed(value.raw_json_token()))) return;
    ondemand::json_type type = value.type();
    if (type == ondemand::json_type::number) {
        if (whole_number(trimmed(value.raw_json_token()), number)) kind = FSJ_ID_NUMBER;
    } else if (type == ondemand::json_type::null) {
        kind = FSJ_ID_NONE;
    } else if (type == ondemand::json_type::string) {
        std::string_view token = trimmed(value.raw_json_token());
        std::string_view inside = token.size() >= 2 ? token.substr(1, token.size() - 2) : std::string_view();
        if (whole_number(inside, number)) {
            kind = FSJ_ID_NUMBER;
        } else if (text != nullptr && inside.size() < sizeof *text) {
            std::memcpy(*text, inside.data(), inside.size());
            (*text)[inside.size()] = 0;
            kind = FSJ_ID_TEXT;
        }
    }
}

void read_owner(ondemand::object object, size_t levels_left, fsj_document &document) {
    for (auto field : object) {
        std::string_view key;
        if (field.unescaped_key().get(key) != SUCCESS) key = std::string_view();
        bool is_id = key == "id";
        ondemand::value value = field.value();
        if (is_id) read_id(value, document.owner_kind, document.owner, nullptr);
        check(value, levels_left);
    }
}

// A string token without its quotes.
template <size_t size>
void copy_inside(std::string_view token, char (&target)[size]) {
    size_t length = token.size() >= 2 && token.size() - 2 < size ? token.size() - 2 : 0;
    if (length > 0) std::memcpy(target, token.data() + 1, length);
    target[length] = 0;
}

void read_document(
    ondemand::object object, size_t depth_max, const char *const *names, size_t names_count, fsj_document &document) {
    for (auto field : object) {
        std::string_view unescaped;
        std::string key = field.unescaped_key().get(unescaped) == SUCCESS ? std::string(unescaped) : std::string();
        ondemand::value value = field.value();
        std::string_view token = trimmed(value.raw_json_token());
        bool is_text = token.size() > 2 && token.front() == '"';
        ondemand::json_type type;
        bool is_there = is_compound(value, type) || is_text;
        for (size_t index = 0; index < names_count && index < 64; index++) {
            if (key != names[index]) continue;
            uint64_t bit = uint64_t(1) << index;
            document.present = is_there ? document.present | bit : document.present & ~bit;
            if (index == 0) copy_inside(is_text ? token : std::string_view(), document.first_text);
        }
        if (key == "athlete" && is_compound(value, type) && type == ondemand::json_type::object) {
            read_owner(value.get_object(), depth_max - 2, document);
        } else {
            if (key == "id") read_id(value, document.id_kind, document.id, &document.id_text);
            check(value, depth_max - 1);
        }
    }
}

}  // namespace

extern "C" fsj_status fsj_document_read(
    const uint8_t *bytes, size_t length, size_t depth_max, const char *const *names, size_t names_count, fsj_document *result) {
    return guarded([&] {
        *result = fsj_document{};
        padded_string text(without_mark(bytes, length));
        ondemand::parser parser;
        ondemand::document document = parser.iterate(text);
        if (ondemand::json_type(document.type()) != ondemand::json_type::object) return FSJ_WRONG_SHAPE;
        read_document(document.get_object(), depth_max, names, names_count, *result);
        return is_finished(document) ? FSJ_OK : FSJ_NOT_JSON;
    });
}

namespace {

// The key's bytes as sent, between its quotes.
std::string_view raw_key(ondemand::raw_json_string key) {
    const char *start = key.raw();
    const char *end = start;
    while (*end != '"') end += *end == '\\' ? 2 : 1;
    return std::string_view(start, size_t(end - start));
}

// The value as sent.
std::string_view raw_value(ondemand::value value) {
    ondemand::json_type type;
    if (!is_compound(value, type)) return value.raw_json_token();
    if (type == ondemand::json_type::object) return value.get_object().value().raw_json();
    return value.get_array().value().raw_json();
}

void append_field(std::string &text, std::string_view key, std::string_view value) {
    if (text.back() != '{') text += ',';
    text += '"';
    text += key;
    text += "\":";
    text += value;
}

// A field "list[].key" or "list[].outer.inner".
struct ListField {
    std::string_view list;
    std::string_view outer;
    std::string_view inner;
    // What follows "list[].".
    std::string_view path;

    explicit ListField(std::string_view field) {
        size_t end = field.find("[].");
        if (end == std::string_view::npos) throw NotJSON{};
        list = field.substr(0, end);
        path = field.substr(end + 3);
        size_t dot = path.find('.');
        outer = path.substr(0, dot);
        if (dot != std::string_view::npos) inner = path.substr(dot + 1);
    }
};

// A null says no more than a missing field.
void append_sent(std::string &text, std::string_view key, std::string_view value) {
    if (trimmed(value) != "null") append_field(text, key, value);
}

void read_inner(ondemand::object object, std::string_view outer, const std::vector<ListField> &fields, std::string &text) {
    for (auto field : object) {
        std::string_view key = raw_key(field.key());
        ondemand::value value = field.value();
        for (const ListField &wanted : fields) {
            if (wanted.inner != key || wanted.outer != outer) continue;
            append_sent(text, wanted.path, raw_value(value));
            break;
        }
    }
}

void read_element(ondemand::object object, const std::vector<ListField> &fields, std::string &text) {
    for (auto field : object) {
        std::string_view key = raw_key(field.key());
        ondemand::value value = field.value();
        for (const ListField &wanted : fields) {
            if (wanted.outer != key) continue;
            ondemand::json_type type;
            if (wanted.inner.empty()) {
                append_sent(text, wanted.path, raw_value(value));
            } else if (is_compound(value, type) && type == ondemand::json_type::object) {
                read_inner(value.get_object(), key, fields, text);
            }
            break;
        }
    }
}

void read_elements(
    ondemand::array array, std::string_view list, const std::vector<ListField> &fields, size_t elements_max, std::string &text) {
    std::vector<ListField> own;
    std::copy_if(fields.begin(), fields.end(), std::back_inserter(own), [&](const ListField &field) { return field.list == list; });
    std::string elements;
    size_t count = 0;
    for (ondemand::value element : array) {
        ondemand::json_type type;
        if (count >= elements_max || !is_compound(element, type) || type != ondemand::json_type::object) continue;
        elements += count++ == 0 ? "{" : ",{";
        read_element(element.get_object(), own, elements);
        elements += '}';
    }
    if (count > 0) append_field(text, list, "[" + elements + "]");
}

}  // namespace

extern "C" fsj_status fsj_lists_read(
    const uint8_t *bytes, size_t length, const char *const *fields, size_t fields_count, size_t elements_max, char **result,
    size_t *result_length) {
    return guarded([&] {
        std::vector<ListField> wanted;
        for (size_t index = 0; index < fields_count && index < 64; index++) wanted.emplace_back(std::string_view(fields[index]));
        padded_string text(without_mark(bytes, length));
        ondemand::parser parser;
        ondemand::document document = parser.iterate(text);
        if (ondemand::json_type(document.type()) != ondemand::json_type::object) return FSJ_WRONG_SHAPE;
        std::string kept = "{";
        for (auto field : document.get_object()) {
            std::string_view key = raw_key(field.key());
            ondemand::value value = field.value();
            ondemand::json_type type;
            bool is_wanted = std::any_of(wanted.begin(), wanted.end(), [&](const ListField &other) { return other.list == key; });
            if (!is_wanted || !is_compound(value, type) || type != ondemand::json_type::array) continue;
            read_elements(value.get_array(), key, wanted, elements_max, kept);
        }
        if (!is_finished(document)) return FSJ_NOT_JSON;
        kept += '}';
        if (kept.size() == 2) kept.clear();
        *result = new char[kept.size() + 1];
        std::memcpy(*result, kept.data(), kept.size());
        *result_length = kept.size();
        return FSJ_OK;
    });
}

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
            append_field(kept, raw_key(key), raw_value(value));
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

namespace {

void read_fields(ondemand::object object, std::string_view valued, void *context, fsj_handler handler) {
    for (auto field : object) {
        std::string_view key = raw_key(field.key());
        handler(context, FSJ_EVENT_KEY, key.data(), key.size());
        if (key != valued) continue;
        ondemand::value value = field.value();
        if (ondemand::json_type(value.type()) != ondemand::json_type::string) continue;
        std::string_view text = value.get_string();
        handler(context, FSJ_EVENT_STRING, text.data(), text.size());
    }
}

}

extern "C" fsj_status fsj_fields_read(const uint8_t *bytes, size_t length, const char *valued, void *context, fsj_handler handler) {
    return guarded([&] {
        padded_string text(without_mark(bytes, length));
        ondemand::parser parser;
        ondemand::document document = parser.iterate(text);
        switch (ondemand::json_type(document.type())) {
            case ondemand::json_type::object: read_fields(document.get_object(), valued, context, handler); return FSJ_OK;
            case ondemand::json_type::array: break;
            default: return FSJ_WRONG_SHAPE;
        }
        for (ondemand::value element : document.get_array())
            if (ondemand::json_type(element.type()) == ondemand::json_type::object)
                read_fields(element.get_object(), valued, context, handler);
        return FSJ_OK;
    });
}

namespace {

bool code_unit(const char *text, const char *end, unsigned &unit) {
    if (end - text < 6 || text[0] != '\\' || text[1] != 'u') return false;
    unit = 0;
    for (int place = 2; place < 6; place++) {
        char byte = text[place];
        if (byte >= '0' && byte <= '9') unit = unit * 16 + unsigned(byte - '0');
        else if ((byte | 32) >= 'a' && (byte | 32) <= 'f') unit = unit * 16 + unsigned((byte | 32) - 'a' + 10);
        else return false;
    }
    return true;
}

// simdjson 3.0 refuses half a surrogate pair; like most readers we take it for U+FFFD, which has an escape of the same length.
void replace_half_pairs(char *text, char *end) {
    while ((text = static_cast<char *>(std::memchr(text, '\\', size_t(end - text)))) != nullptr) {
        unsigned unit, next;
        if (!code_unit(text, end, unit)) {
            if (end - text < 2) return;
            text += 2;
            continue;
        }
        bool is_pair = unit >= 0xD800 && unit < 0xDC00 && code_unit(text + 6, end, next) && next >= 0xDC00 && next < 0xE000;
        if (!is_pair && unit >= 0xD800 && unit < 0xE000) std::memcpy(text + 2, "fffd", 4);
        text += is_pair ? 12 : 6;
    }
}

struct Reader {
    void *context;
    fsj_handler handler;

    void tell(fsj_event event, std::string_view text = {}) const { handler(context, event, text.data(), text.size()); }

    void read(ondemand::value value, size_t levels_left) const {
        if (levels_left == 0) throw TooDeep{};
        std::string_view token = trimmed(value.raw_json_token());
        if (is_no_number(token)) return tell(FSJ_EVENT_NULL);
        ondemand::json_type type = value.type();
        check_token(type, token);
        switch (type) {
            case ondemand::json_type::object:
                tell(FSJ_EVENT_OBJECT);
                for (auto field : value.get_object()) {
                    tell(FSJ_EVENT_KEY, std::string_view(field.unescaped_key()));
                    read(field.value(), levels_left - 1);
                }
                return tell(FSJ_EVENT_END);
            case ondemand::json_type::array:
                tell(FSJ_EVENT_LIST);
                for (ondemand::value element : value.get_array()) read(element, levels_left - 1);
                return tell(FSJ_EVENT_END);
            case ondemand::json_type::number: return tell(FSJ_EVENT_NUMBER, token);
            case ondemand::json_type::boolean: return tell(token == "true" ? FSJ_EVENT_TRUE : FSJ_EVENT_FALSE);
            case ondemand::json_type::null: return tell(FSJ_EVENT_NULL);
            case ondemand::json_type::string: return tell(FSJ_EVENT_STRING, std::string_view(value.get_string()));
        }
    }
};

}  // namespace

extern "C" fsj_status fsj_value_read(
    const uint8_t *bytes, size_t length, size_t depth_max, void *context, fsj_handler handler) {
    return guarded([&] {
        std::string_view sent = without_mark(bytes, length);
        // In brackets, because simdjson reads a number or a string alone in another way.
        padded_string text(sent.size() + 2);
        text.data()[0] = '[';
        if (!sent.empty()) std::memcpy(text.data() + 1, sent.data(), sent.size());
        text.data()[sent.size() + 1] = ']';
        replace_half_pairs(text.data(), text.data() + text.size());
        ondemand::parser parser;
        ondemand::document document = parser.iterate(text);
        size_t count = 0;
        for (ondemand::value value : document.get_array()) {
            if (++count > 1) return FSJ_NOT_JSON;
            Reader{context, handler}.read(value, depth_max);
        }
        return count == 1 && is_finished(document) ? FSJ_OK : FSJ_NOT_JSON;
    });
}
