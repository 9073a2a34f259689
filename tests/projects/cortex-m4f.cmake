# GCC for a Cortex-M4F in QEMU, with newlib, whose input and output are those of the debugger.
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR arm)
set(CMAKE_C_COMPILER arm-none-eabi-gcc)
set(CMAKE_C_FLAGS_INIT "-mcpu=cortex-m4 -mthumb -mfloat-abi=hard -mfpu=fpv4-sp-d16")
set(CMAKE_EXE_LINKER_FLAGS_INIT
  "--specs=rdimon.specs -Wl,--gc-sections,--undefined=VECTORS,--section-start=.vectors=0 ${CMAKE_CURRENT_LIST_DIR}/vectors.c")
