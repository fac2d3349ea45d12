"""C++ from a .proto file, by Debian's protoc and gRPC plugin."""

def cc_proto(name, src, grpc = False, imports = [], deps = [], visibility = None):
    """A cc_library of the messages in `src` and, with `grpc`, of its services.

    `imports` are the .proto files that it imports, `deps` their cc_protos.
    """
    base = src[:-len(".proto")]
    kinds = [".pb"] + ([".grpc.pb"] if grpc else [])
    sources = [base + kind + ".cc" for kind in kinds]
    headers = [base + kind + ".h" for kind in kinds]
    plugin = "--plugin=protoc-gen-grpc=/usr/bin/grpc_cpp_plugin --grpc_out=$(GENDIR) " if grpc else ""
    native.genrule(
        name = name + "_generate",
        srcs = [src] + imports,
        outs = sources + headers,
        cmd = "/usr/bin/protoc --cpp_out=$(GENDIR) " + plugin + "-I. $(location %s)" % src,
    )
    native.cc_library(
        name = name,
        srcs = sources,
        hdrs = headers,
        copts = ["-Wno-error"],
        visibility = visibility,
        deps = deps + ["//lab/build:grpc" if grpc else "//lab/build:protobuf"],
    )
