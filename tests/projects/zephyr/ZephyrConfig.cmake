# What the module and the sample use of Zephyr's CMake functions, for a program on this computer:
# https://docs.zephyrproject.org/latest/build/cmake-ref/module/extensions.html
set(CONFIG_OCELLI y)
set(CONFIG_ARCH_POSIX y)
set(CONFIG_64BIT y)
enable_language(C)

add_library(zephyr_interface INTERFACE)
target_include_directories(zephyr_interface INTERFACE "${CMAKE_CURRENT_LIST_DIR}/include")
file(WRITE "${CMAKE_BINARY_DIR}/app.c" "")
add_executable(app "${CMAKE_BINARY_DIR}/app.c")
set_target_properties(app PROPERTIES OUTPUT_NAME classify)
target_link_libraries(app PRIVATE zephyr_interface)

function(zephyr_include_directories)
  target_include_directories(zephyr_interface INTERFACE ${ARGV})
endfunction()

macro(zephyr_library_named name)
  set(ZEPHYR_CURRENT_LIBRARY ${name})
  add_library(${name} STATIC)
  target_link_libraries(${name} PUBLIC zephyr_interface)
  target_link_libraries(app PRIVATE ${name})
endmacro()

function(zephyr_library_sources)
  target_sources(${ZEPHYR_CURRENT_LIBRARY} PRIVATE ${ARGV})
endfunction()

function(zephyr_library_link_libraries)
  target_link_libraries(${ZEPHYR_CURRENT_LIBRARY} PUBLIC ${ARGV})
endfunction()

foreach(module ${ZEPHYR_EXTRA_MODULES})
  add_subdirectory("${module}/zephyr" "${CMAKE_BINARY_DIR}/module")
endforeach()
