# attnsim_layer(NAME [OBJECT] SOURCES ... HEADERS ... LINKS ... PRIVATE_LINKS ...)
#
# Declares one folder as one target. LINKS are the layers whose headers this folder may include
# (tests/contract/layering_test.cc holds the include lines to the same picture); PRIVATE_LINKS are
# third-party packages, which no other folder sees. Every header is compiled alone
# (target all_verify_interface_header_sets), so headers stay self-contained.
function(attnsim_layer NAME)
  cmake_parse_arguments(ARG "OBJECT" "" "SOURCES;HEADERS;LINKS;PRIVATE_LINKS" ${ARGN})
  if(ARG_OBJECT)
    # A STATIC library would drop objects that only register themselves.
    add_library(${NAME} OBJECT)
  else()
    add_library(${NAME} STATIC)
  endif()
  target_sources(${NAME} PRIVATE ${ARG_SOURCES})
  if(ARG_HEADERS)
    target_sources(${NAME} PUBLIC FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR} FILES ${ARG_HEADERS})
    set_target_properties(${NAME} PROPERTIES VERIFY_INTERFACE_HEADER_SETS ON)
  endif()
  target_include_directories(${NAME} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>)
  target_link_libraries(${NAME} PUBLIC ${ARG_LINKS} PRIVATE ${ARG_PRIVATE_LINKS})
  attnsim_warnings(${NAME})
endfunction()

# The warnings every target of the project is held to.
function(attnsim_warnings NAME)
  target_compile_options(${NAME} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wconversion
    -Wno-sign-conversion -Wold-style-cast -Wnon-virtual-dtor -Woverloaded-virtual)
  if(ATTNSIM_WARNINGS_AS_ERRORS)
    target_compile_options(${NAME} PRIVATE -Werror)
  endif()
endfunction()
