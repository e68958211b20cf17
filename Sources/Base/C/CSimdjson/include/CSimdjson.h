#pragma once
int simdjson_placeholder(void);
