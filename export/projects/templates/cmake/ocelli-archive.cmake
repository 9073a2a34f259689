# Builds the library of ocelli.h with cargo, from the source in OCELLI_SOURCE. Two variables choose the processor:
#
#   OCELLI_RUST_TARGET  its name in Rust, such as thumbv7em-none-eabihf; empty for this computer
#   OCELLI_RUST_FLAGS   flags of the Rust compiler, such as -Ctarget-cpu=cortex-m33
#
# Install a target first: rustup target add thumbv7em-none-eabihf
#
# A file that includes this one may set them. The cache would take precedence in old versions of CMake.
if(NOT DEFINED OCELLI_RUST_TARGET)
  set(OCELLI_RUST_TARGET "" CACHE STRING "Rust's name of the processor; empty for this computer")
endif()
if(NOT DEFINED OCELLI_RUST_FLAGS)
  set(OCELLI_RUST_FLAGS "" CACHE STRING "Flags of the Rust compiler")
endif()
find_program(OCELLI_CARGO cargo DOC "Rust's build tool, see https://rustup.rs")

# ocelli_archive(FILE): sets FILE to the path of the library, which the target `ocelli_archive` builds.
function(ocelli_archive file)
  if(NOT OCELLI_CARGO)
    message(FATAL_ERROR "Ocelli needs cargo: install Rust, or set OCELLI_CARGO")
  endif()
  if(NOT EXISTS "${OCELLI_SOURCE}/runtime/c/Cargo.toml")
    message(FATAL_ERROR "The source of Ocelli is not in ${OCELLI_SOURCE}: set OCELLI_SOURCE")
  endif()
  if(CMAKE_CROSSCOMPILING AND NOT OCELLI_RUST_TARGET)
    message(FATAL_ERROR "Set OCELLI_RUST_TARGET to Rust's name of the processor, such as "
      "thumbv6m-none-eabi, thumbv7em-none-eabihf, thumbv8m.main-none-eabihf or riscv32imac-unknown-none-elf")
  endif()
  set(folder "${CMAKE_BINARY_DIR}/ocelli")
  set(options)
  set(path "${folder}")
  if(OCELLI_RUST_TARGET)
    list(APPEND options --target "${OCELLI_RUST_TARGET}")
    string(APPEND path "/${OCELLI_RUST_TARGET}")
  endif()
  set(name libocelli.a)
  if(OCELLI_RUST_TARGET MATCHES "msvc$" OR (MSVC AND NOT OCELLI_RUST_TARGET))
    set(name ocelli.lib)
  endif()
  string(APPEND path "/release/${name}")
  set(environment)
  if(OCELLI_RUST_FLAGS)
    set(environment "${CMAKE_COMMAND}" -E env "RUSTFLAGS=${OCELLI_RUST_FLAGS}")
  endif()
  # In every build, because cargo alone knows what has changed.
  add_custom_target(ocelli_archive
    COMMAND ${environment} "${OCELLI_CARGO}" rustc --release --locked --crate-type staticlib
      --manifest-path "${OCELLI_SOURCE}/runtime/c/Cargo.toml" --target-dir "${folder}" ${options}
    BYPRODUCTS "${path}"
    COMMENT "Building Ocelli"
    VERBATIM
    USES_TERMINAL)
  set(${file} "${path}" PARENT_SCOPE)
endfunction()
