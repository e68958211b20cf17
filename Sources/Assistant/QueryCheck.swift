/// Whether a statement of a model's is a query to silver. What athletes' rows and columns it may read is PostgreSQL's to decide, by the rights
/// that are bound to the transaction; this keeps to one query, off the catalogue and the server's own functions, and says what is wrong in
/// words that a model can act on. Pure.
struct QueryCheck {
    static let bytesMax = 8_000

    /// The statement without the semicolon at its end.
    let statement: String
    /// Names that are called like functions and that are not known to be harmless: none may be one of PostgreSQL's own.
    let doubtfulFunctions: [String]

    init(_ sql: String) throws(ToolFault) {
        guard sql.utf8.count <= Self.bytesMax else { throw ToolFault("The statement may have \(Self.bytesMax) bytes: shorten it.") }
        let parsed: SQLTokens
        do { parsed = try SQLTokens(sql) } catch { throw ToolFault(Self.sentence(error)) }
        let tokens = parsed.tokens.flatMap(Self.plain)
        var count = parsed.tokens.count
        while count > 0, parsed.tokens[count - 1] == .symbol(";") { count -= 1 }
        guard count > 0 else { throw ToolFault("Send a query, such as SELECT count(*) FROM silver.activity.") }
        statement = String(sql.unicodeScalars[..<parsed.ranges[count - 1].upperBound])
        let query = Array(tokens.prefix(tokens.count - (parsed.tokens.count - count)))
        try Self.checkShape(query)
        try Self.checkNames(query)
        doubtfulFunctions = Array(Set(Self.called(query).filter { !KnownFunctions.names.contains($0) })).sorted()
    }

    /// In a query a colon and a name are no psql variable.
    private static func plain(_ token: SQLTokens.Token) -> [SQLTokens.Token] {
        guard case .variable(let name, let isText) = token else { return [token] }
        return [.symbol(":"), isText ? .string : .name(name.lowercased())]
    }

    private static func sentence(_ fault: SQLTokens.Fault) -> String {
        switch fault {
        case .unterminated: "A string, a quoted name or a comment is not closed."
        case .escapes: "Write strings and names without escapes (E'…', U&'…', U&\"…\"); chr(10) is a line feed."
        case .noText: "The statement holds a NUL character."
        }
    }

    /// One query, whose parentheses are closed: it is run in parentheses of its own.
    private static func checkShape(_ tokens: [SQLTokens.Token]) throws(ToolFault) {
        if tokens.contains(.symbol(";")) { throw ToolFault("Send one statement at a time.") }
        let first = tokens.first { $0 != .symbol("(") }
        guard [.name("select"), .name("with"), .name("values"), .name("table")].contains(first) else {
            throw ToolFault("Only queries run here: SELECT …, or WITH … SELECT …. Nothing can be changed.")
        }
        var depth = 0
        for token in tokens {
            if token == .symbol("(") { depth += 1 }
            if token == .symbol(")") { depth -= 1 }
            if depth < 0 { break }
        }
        guard depth == 0 else { throw ToolFault("The parentheses of the statement do not match.") }
    }

    private static let otherSchemas: Set<String> = ["information_schema", "sync", "vault", "bronze_strava", "metrics", "public"]
    /// Types whose text is a name in the catalogue, and words that name the session.
    private static let internalNames: Set<String> = [
        "regclass", "regcollation", "regconfig", "regdatabase", "regdictionary", "regnamespace", "regoper", "regoperator", "regproc",
        "regprocedure", "regrole", "regtype", "aclitem", "current_catalog", "current_role", "current_schema", "current_user",
        "session_user",
        "system_user", "user",
    ]

    private static func checkNames(_ tokens: [SQLTokens.Token]) throws(ToolFault) {
        for (index, token) in tokens.enumerated() {
            guard case .name(let name) = token else { continue }
            let bare = name.hasPrefix("_") ? String(name.dropFirst()) : name
            let isQualifier = index + 1 < tokens.count && tokens[index + 1] == .symbol(".")
            if bare.hasPrefix("pg_") || internalNames.contains(bare) || isQualifier && otherSchemas.contains(name) {
                throw ToolFault(
                    "Only schema silver can be read, not the catalogue, other schemas or the session: describe_schema shows its tables.")
            }
        }
    }

    private static func called(_ tokens: [SQLTokens.Token]) -> [String] {
        zip(tokens, tokens.dropFirst()).compactMap { token, next in
            if case .name(let name) = token, next == .symbol("(") { name } else { nil }
        }
    }
}

/// PostgreSQL's functions that a query may call: those that compute, and read neither the catalogue nor files, settings or other sessions.
enum KnownFunctions {
    static let names = Set((aggregates + numbers + texts + times + lists + documents).split { $0 == " " || $0 == "\n" }.map(String.init))

    private static let aggregates = """
        count sum avg min max mode every any_value bool_and bool_or bit_and bit_or bit_xor array_agg string_agg json_agg jsonb_agg json_object_agg
        jsonb_object_agg stddev stddev_pop stddev_samp variance var_pop var_samp corr covar_pop covar_samp regr_avgx regr_avgy regr_count
        regr_intercept regr_r2 regr_slope regr_sxx regr_sxy regr_syy percentile_cont percentile_disc row_number rank dense_rank percent_rank cume_dist
        ntile lag lead first_value last_value nth_value grouping
        """
    private static let numbers = """
        abs ceil ceiling floor round trunc sign sqrt cbrt exp ln log log10 power pow mod div gcd lcm pi degrees radians sin cos tan cot asin acos atan
        atan2 sinh cosh tanh width_bucket random scale min_scale trim_scale factorial int2 int4 int8 float4 float8 numeric bool bit
        """
    private static let texts = """
        length char_length character_length octet_length bit_length lower upper initcap left right substr substring position strpos replace translate
        trim btrim ltrim rtrim lpad rpad repeat reverse split_part concat concat_ws format regexp_count regexp_instr regexp_like regexp_match
        regexp_matches regexp_replace regexp_split_to_array regexp_split_to_table regexp_substr starts_with string_to_array string_to_table
        array_to_string to_char to_number ascii chr md5 overlay normalize text varchar bpchar char
        """
    private static let times = """
        now age date_trunc date_part date_bin extract make_date make_time make_timestamp make_timestamptz make_interval to_date to_timestamp timezone
        clock_timestamp statement_timestamp transaction_timestamp isfinite justify_days justify_hours justify_interval overlaps date time timetz
        timestamp timestamptz interval date_add date_subtract
        """
    private static let lists = """
        unnest array_length array_upper array_lower array_ndims array_dims cardinality array_position array_positions array_append array_prepend
        array_cat array_remove array_replace array_fill trim_array generate_series generate_subscripts num_nonnulls num_nulls int4range int8range
        numrange tsrange tstzrange daterange isempty lower_inc upper_inc range_agg
        """
    private static let documents = """
        to_json to_jsonb row_to_json array_to_json json_build_object jsonb_build_object json_build_array jsonb_build_array json_object jsonb_object
        json_array_length jsonb_array_length json_array_elements jsonb_array_elements json_array_elements_text jsonb_array_elements_text json_each
        jsonb_each json_each_text jsonb_each_text json_object_keys jsonb_object_keys json_extract_path json_extract_path_text jsonb_extract_path
        jsonb_extract_path_text json_typeof jsonb_typeof jsonb_pretty json_strip_nulls jsonb_strip_nulls
        """
}
