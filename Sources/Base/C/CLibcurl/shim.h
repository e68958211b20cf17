#pragma once
#include <curl/curl.h>

// curl_easy_setopt and curl_easy_getinfo take a variable argument, which Swift cannot call: one function for each class of argument.
// The parentheses around the name disable curl's type-checking macro.

static inline CURLcode fitness_set_long(CURL *handle, CURLoption option, long value) {
    return (curl_easy_setopt)(handle, option, value);
}

static inline CURLcode fitness_set_offset(CURL *handle, CURLoption option, curl_off_t value) {
    return (curl_easy_setopt)(handle, option, value);
}

static inline CURLcode fitness_set_text(CURL *handle, CURLoption option, const char *value) {
    return (curl_easy_setopt)(handle, option, value);
}

static inline CURLcode fitness_set_pointer(CURL *handle, CURLoption option, void *value) {
    return (curl_easy_setopt)(handle, option, value);
}

static inline CURLcode fitness_set_list(CURL *handle, CURLoption option, struct curl_slist *value) {
    return (curl_easy_setopt)(handle, option, value);
}

static inline CURLcode fitness_set_receiver(CURL *handle, CURLoption option, curl_write_callback value) {
    return (curl_easy_setopt)(handle, option, value);
}

static inline CURLcode fitness_set_before_request(CURL *handle, curl_prereq_callback value) {
    return (curl_easy_setopt)(handle, CURLOPT_PREREQFUNCTION, value);
}

static inline CURLMcode fitness_multi_set_long(CURLM *multi, CURLMoption option, long value) {
    return (curl_multi_setopt)(multi, option, value);
}

// -1 when curl cannot say.
static inline long fitness_info_long(CURL *handle, CURLINFO info) {
    long value = -1;
    return (curl_easy_getinfo)(handle, info, &value) == CURLE_OK ? value : -1;
}

// The next finished transfer and its result; NULL when there is none. (CURLMsg holds a union, which Swift can't read safely.)
static inline CURL *fitness_next_finished(CURLM *multi, CURLcode *result) {
    int left = 0;
    CURLMsg *message;
    while ((message = curl_multi_info_read(multi, &left)) != NULL) {
        if (message->msg == CURLMSG_DONE) {
            *result = message->data.result;
            return message->easy_handle;
        }
    }
    return NULL;
}
